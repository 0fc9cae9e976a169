"""The query behind each table: SQL texts that give the rows that a page shows, in its order, a page a module.

They are written to be read and changed by visitors, so they hold values, not parameters, and no limit. Ids stand in
columns from which the SQL page makes links.
"""
