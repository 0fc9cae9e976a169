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


def show() -> None:
    reader = data.reader()
    query = st.query_params.to_dict()
    st.set_page_config(page_title="SQL · Homolog")
    linked = query.get("q", "")
    components.top(
        "SQL",
        "Your own question, in DuckDB's SQL, over this store and nothing else. "
        "judged_matches() is every match with its reasons; it takes your thresholds.",
        reader,
        query,
        links.href("sql", links.sql_query(reader.fingerprint, linked)),
        ("store", "match", "reason"),
    )
    editor(reader, linked)
    browser(reader)
    if linked:
        result(reader, linked)
    else:
        st.caption("Choose an example, or write a query and run it. The link then holds the query.")


def editor(reader: data.Reader, linked: str) -> None:
    offered = examples.general(reader.comparisons(), reader.spaces())

    def take() -> None:
        chosen = st.session_state[CHOICE]
        if chosen is not None:
            ask(reader.fingerprint, offered[chosen])

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
            ask(reader.fingerprint, text)
            st.rerun()


def ask(fingerprint: str, sql: str) -> None:
    """Puts the query into the link; the page then runs what the link holds."""
    st.query_params.from_dict(links.sql_query(fingerprint, sql))


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


def browser(reader: data.Reader) -> None:
    with st.expander("Tables and columns", icon=":material/schema:", on_change="rerun", key="sql_schema") as box:
        if not box.open:
            return
        st.caption(
            "Click a name to ask it: a table for its first rows, a column for what it holds, a macro for all it takes."
        )
        name = st.selectbox(
            "Table", [table.name for table in schema.TABLES], index=None, placeholder="all tables", key="sql_table"
        )
        counts = reader.counts()
        if name is not None:
            st.html(one_table(reader.fingerprint, schema.BY_NAME[name], counts))
            return
        macros = "".join(macro(reader.fingerprint, one) for one in queries.MACROS)
        st.html(macros + "".join(in_short(reader.fingerprint, table, counts) for table in schema.TABLES))


def asks(fingerprint: str, sql: str, text: str, tip: str) -> str:
    """A name that asks a query."""
    style = f"{markup.MONO};font-size:.8rem;text-decoration:none"
    return markup.link(links.href("sql", links.sql_query(fingerprint, sql)), text, tip, style)


def macro(fingerprint: str, name: str) -> str:
    meaning, names, _ = queries.MACROS[name]
    title = asks(fingerprint, queries.macro(name), f"<b>{escape(name)}()</b>", "ask it with all its arguments")
    mono = f'<span style="{markup.MONO};font-size:.78rem;{markup.FAINT}">{escape(queries.arguments(names))}</span>'
    return f'<div style="margin:.6rem 0">{title} · {escape(meaning)}:<br>{mono}</div>'


def heading(fingerprint: str, table: schema.Table, counts: dict[str, int]) -> str:
    title = asks(fingerprint, queries.first_rows(table), f"<b>{escape(table.name)}</b>", "its first rows")
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
            asks(fingerprint, queries.column(table, c), f"<b>{escape(c.name)}</b>", "what it holds"),
            mono.format(escape(c.type)),
            escape(c.unit),
            escape(c.meaning),
        )
        for c in table.columns
    ]
    return f"{heading(fingerprint, table, counts)}{markup.table(head, body)}"


show()
