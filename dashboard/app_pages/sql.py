"""My own question."""

import hashlib
from html import escape

import streamlit as st

from dashboard import components, data, links, markup, tables, take_away, words
from dashboard.queries import examples
from dashboard.queries import schema as queries
from store import schema
from store.errors import QueryRefused

SECONDS = 10.0
ROWS = 5_000
CHOICE = "sql_example"
ALL = "all"
"""What a link calls the schema browser that shows every table in short."""


def show() -> None:
    reader = data.reader()
    query = st.query_params.to_dict()
    st.set_page_config(page_title="SQL · Homolog")
    linked = query.get("q", "")
    shown, unread = links.parse_table(query, (ALL, *schema.BY_NAME))
    components.top(
        "SQL",
        "Your own question, in DuckDB's SQL, over this store and nothing else. "
        "judged_matches() is every match with its reasons; it takes your thresholds.",
        reader,
        query,
        links.href("sql", links.sql_query(reader.fingerprint, linked, shown)),
        ("store", "match", "reason"),
    )
    components.problems(unread)
    editor(reader, linked, shown)
    browser(reader, linked, shown)
    if linked:
        result(reader, linked)
    else:
        st.caption("Choose an example, or write a query and run it. The link then holds the query.")


def editor(reader: data.Reader, linked: str, shown: str | None) -> None:
    offered = examples.general(reader.comparisons(), reader.spaces())

    def take() -> None:
        chosen = st.session_state[CHOICE]
        if chosen is not None:
            ask(reader.fingerprint, offered[chosen], shown)

    st.selectbox(
        "Examples",
        list(offered),
        index=None,
        placeholder="Choose an example",
        key=CHOICE,
        on_change=take,
        label_visibility="collapsed",
    )
    with st.form("sql_form", border=False):
        # A box for each link, that begins with it: a value that is set would get lost where a click interrupts a run.
        box = f"sql_text_{hashlib.sha256(linked.encode('utf-8', 'replace')).hexdigest()[:12]}"
        text = st.text_area("Query", linked, 190, key=box, placeholder="SELECT * FROM judged_matches() LIMIT 20")
        if st.form_submit_button("Run", icon=":material/play_arrow:", shortcut="Ctrl+Enter") and text.strip():
            ask(reader.fingerprint, text, shown)
            st.rerun()


def ask(fingerprint: str, sql: str, shown: str | None) -> None:
    """Puts the query into the link; the page then runs what the link holds."""
    st.query_params.from_dict(links.sql_query(fingerprint, sql, shown))


def result(reader: data.Reader, sql: str) -> None:
    try:
        table = reader.sql(sql, SECONDS, ROWS, tables.LONGEST)
    except QueryRefused as error:
        components.problems([str(error)])
        return
    cut = ", the first only" if table.truncated else ""
    cut += f" · {table.n_cut:,} long cells cut" if table.n_cut else ""
    rows = "1 row" if len(table.rows) == 1 else f"{len(table.rows):,} rows"
    st.caption(
        f"{rows}{cut} · {1000 * table.seconds:.0f} ms · limits: {SECONDS:.0f} s, {ROWS:,} rows here and "
        f"{data.FILE_ROWS:,} in a file, {tables.LONGEST:,} characters of a cell are shown"
    )
    if not table.columns:
        return
    frame, config = tables.frame(table, reader.fingerprint, reader.comparisons())
    st.dataframe(
        frame, column_config=config, hide_index=True, key="sql_result", placeholder=words.NONE, alt="rows of the answer"
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        take_away.files(reader, "sql", "homolog", sql)


def browser(reader: data.Reader, linked: str, shown: str | None) -> None:
    """What can be asked: open, on one table or on all of them, where the link says so."""
    # A box for each link, that begins as it says.
    box_key, choice_key = f"sql_schema_{shown is not None}", f"sql_table_{shown}"

    def turn() -> None:
        ask(reader.fingerprint, linked, ALL if st.session_state[box_key] else None)

    def choose() -> None:
        ask(reader.fingerprint, linked, st.session_state[choice_key] or ALL)

    with st.expander(
        "Tables and columns", expanded=shown is not None, icon=":material/schema:", on_change=turn, key=box_key
    ) as box:
        if shown is None or not box.open:
            return
        st.caption(
            "Click a name to ask it: a table for its first rows, a column for what it holds, a macro for all it takes."
        )
        names = list(schema.BY_NAME)
        index = names.index(shown) if shown != ALL else None
        st.selectbox("Table", names, index=index, placeholder="all tables", key=choice_key, on_change=choose)
        counts = reader.counts()
        if shown != ALL:
            st.html(one_table(reader.fingerprint, schema.BY_NAME[shown], counts))
            return
        macros = "".join(macro(reader.fingerprint, one) for one in queries.MACROS)
        st.html(macros + "".join(in_short(reader.fingerprint, table, counts) for table in schema.TABLES))


def asks(fingerprint: str, sql: str, text: str, tip: str, shown: str = ALL) -> str:
    """A name that asks a query, and leaves the browser as it is."""
    style = f"{markup.MONO};font-size:.8rem;text-decoration:none"
    return markup.link(links.href("sql", links.sql_query(fingerprint, sql, shown)), text, tip, style)


def macro(fingerprint: str, name: str) -> str:
    meaning, names, _ = queries.MACROS[name]
    title = asks(fingerprint, queries.macro(name), f"<b>{escape(name)}()</b>", "ask it with all its arguments")
    mono = f'<span style="{markup.MONO};font-size:.78rem;{markup.FAINT}">{escape(queries.arguments(names))}</span>'
    return f'<div style="margin:.6rem 0">{title} · {escape(meaning)}:<br>{mono}</div>'


def heading(fingerprint: str, table: schema.Table, counts: dict[str, int], shown: str = ALL) -> str:
    title = asks(fingerprint, queries.first_rows(table), f"<b>{escape(table.name)}</b>", "its first rows", shown)
    n = f' <span style="{markup.FAINT}">· {words.count(counts[table.name])} rows</span>' if table.name in counts else ""
    return f"{title} · {escape(table.meaning)}{n}"


def in_short(fingerprint: str, table: schema.Table, counts: dict[str, int]) -> str:
    """A table with its columns on a line; what each means stands in its tooltip."""
    columns = " ".join(
        f'<span style="white-space:nowrap;margin-right:.7rem">'
        f"{asks(fingerprint, queries.column(table, c), escape(c.name), about(c))}</span>"
        for c in table.columns
    )
    return (
        f'<div style="margin:.7rem 0">{heading(fingerprint, table, counts)}'
        f'<div style="line-height:1.7;{markup.FAINT}">{columns}</div></div>'
    )


def about(column: schema.Column) -> str:
    unit = f", in {column.unit}" if column.unit else ""
    return f"{column.type}{unit}\n{column.meaning}"


def one_table(fingerprint: str, table: schema.Table, counts: dict[str, int]) -> str:
    """A table with everything that is known of its columns."""
    mono = f'<span style="{markup.MONO};font-size:.8rem">{{}}</span>'
    head = [("Column", "asks what it holds", False), ("Type", "", False), ("Unit", "", False), ("Meaning", "", False)]
    body = [
        (
            asks(fingerprint, queries.column(table, c), f"<b>{escape(c.name)}</b>", "what it holds", table.name),
            mono.format(escape(c.type)),
            escape(c.unit),
            escape(c.meaning),
        )
        for c in table.columns
    ]
    return f"{heading(fingerprint, table, counts, table.name)}{markup.table(head, body)}"


show()
