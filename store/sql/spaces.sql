SELECT * FROM spaces ORDER BY space
