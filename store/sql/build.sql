SELECT * FROM build ORDER BY fingerprint
