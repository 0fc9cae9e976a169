"""My own question."""

from html import escape

import streamlit as st

from dashboard import components, data, examples, links, markup, tables
from store import records as r
from store import schema
from store.errors import QueryRefused

SECONDS = 10.0
ROWS = 5_000
CHOICE, TEXT, ASKED = "sql_example", "sql_text", "sql_asked"


def show() -> None:
    reader = data.reader()
    query = st.query_params.to_dict()
    st.set_page_config(page_title="SQL · Homolog")
    linked = query.get("q", "")
    if linked and st.session_state.get(ASKED) != linked:
        st.session_state[TEXT] = st.session_state[ASKED] = linked
    components.top(
        "SQL",
        f"Your own question, in DuckDB's SQL, over this store only: read-only, at most {SECONDS:.0f} s and "
        f"{ROWS:,} rows. "
        "judged_matches() is every match with its reasons; it takes your thresholds.",
        reader,
        query,
        links.href("sql", links.sql_query(reader.fingerprint, linked)),
        ("store", "match", "reason"),
    )
    editor(reader)
    if linked:
        result(reader, linked)
    else:
        st.caption("Choose an example, or write a query and run it. The link then holds the query.")
    browser()


def editor(reader: data.Reader) -> None:
    offered = examples.general(reader.comparisons(), reader.spaces())

    def take() -> None:
        chosen = st.session_state[CHOICE]
        if chosen is not None:
            ask(reader.fingerprint, offered[chosen])
            st.session_state[TEXT] = offered[chosen]

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
        text = st.text_area("Query", height=190, key=TEXT, placeholder="SELECT * FROM judged_matches() LIMIT 20")
        if st.form_submit_button("Run", icon=":material/play_arrow:", shortcut="Ctrl+Enter") and text.strip():
            ask(reader.fingerprint, text)
            st.rerun()


def ask(fingerprint: str, sql: str) -> None:
    """Puts the query into the link; the page then runs what the link holds."""
    st.session_state[ASKED] = sql
    st.query_params.from_dict(links.sql_query(fingerprint, sql))


def result(reader: data.Reader, sql: str) -> None:
    try:
        table = reader.sql(sql, SECONDS, ROWS)
    except QueryRefused as error:
        components.problems([str(error)])
        return
    cut = ", the first only" if table.truncated else ""
    cut += f" · {table.n_cut:,} long cells cut" if table.n_cut else ""
    rows = "1 row" if len(table.rows) == 1 else f"{len(table.rows):,} rows"
    st.caption(f"{rows}{cut} · {1000 * table.seconds:.0f} ms · limits {SECONDS:.0f} s, {ROWS:,} rows")
    if not table.columns:
        return
    frame, config = tables.frame(table, reader.fingerprint, reader.comparisons())
    st.dataframe(frame, column_config=config, hide_index=True, key="sql_result", placeholder="\N{EN DASH}")
    downloads(table)


def downloads(table: r.Table) -> None:
    with st.container(horizontal=True):
        st.download_button(
            "CSV",
            lambda: data.csv(table),
            "homolog.csv",
            "text/csv",
            icon=":material/download:",
            key="sql_csv",
            on_click="ignore",
        )
        st.download_button(
            "Parquet", lambda: data.parquet(table), "homolog.parquet", "application/vnd.apache.parquet",
            icon=":material/download:", key="sql_parquet", on_click="ignore",
        )  # fmt: skip


def browser() -> None:
    with st.expander("Tables and columns", icon=":material/schema:", on_change="rerun", key="sql_schema") as box:
        if not box.open:
            return
        name = st.selectbox(
            "Table", [table.name for table in schema.TABLES], index=None, placeholder="all tables", key="sql_table"
        )
        mono = f'<span style="{markup.MONO};font-size:.8rem">{{}}</span>'
        for table in schema.TABLES:
            if name is not None and table.name != name:
                continue
            st.html(f"{mono.format(f'<b>{escape(table.name)}</b>')} · {escape(table.meaning)}")
            if name is not None:
                head = [("Column", "", False), ("Type", "", False), ("Unit", "", False), ("Meaning", "", False)]
                body = [
                    (mono.format(escape(c.name)), mono.format(escape(c.type)), escape(c.unit), escape(c.meaning))
                    for c in table.columns
                ]
                st.html(markup.table(head, body))
            else:
                st.caption(" · ".join(f"`{column}`" for column in table.names))


show()
