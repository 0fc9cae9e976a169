"""Navigation, nothing else."""

import streamlit as st

from dashboard import components, data, lookup, navigation, sign_in
from dashboard.links import LinkError
from store.errors import NotAStore, StoreError, WrongSchema

# An icon of its own: a named one would be fetched from elsewhere.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="11.5" cy="16" r="9.5" fill="#2f78eb"/>'
    '<circle cx="20.5" cy="16" r="9.5" fill="#e8740c" fill-opacity=".85"/></svg>'
)
st.set_page_config(page_title="Homolog", page_icon=ICON, layout="wide")

PAGES = [
    st.Page("app_pages/overview.py", title="Overview", icon=":material/grid_view:", default=True),
    st.Page("app_pages/pairs.py", title="Pairs", icon=":material/scatter_plot:", url_path="pairs"),
    st.Page("app_pages/unmatched.py", title="Unmatched", icon=":material/link_off:", url_path="unmatched"),
    st.Page("app_pages/scores.py", title="Scores", icon=":material/bar_chart:", url_path="scores"),
    st.Page("app_pages/maps.py", title="Maps", icon=":material/map:", url_path="maps"),
    st.Page("app_pages/pair.py", title="Pair", icon=":material/compare_arrows:", url_path="pair"),
    st.Page("app_pages/feature.py", title="Feature", icon=":material/fingerprint:", url_path="feature"),
    st.Page("app_pages/neighbourhood.py", title="Neighbourhood", icon=":material/hub:", url_path="neighbourhood"),
    st.Page("app_pages/families.py", title="Families", icon=":material/diversity_3:", url_path="families"),
    st.Page("app_pages/concepts.py", title="Concepts", icon=":material/search:", url_path="concepts"),
    st.Page("app_pages/sql.py", title="SQL", icon=":material/terminal:", url_path="sql"),
    st.Page("app_pages/glossary.py", title="Glossary", icon=":material/menu_book:", url_path="glossary"),
    st.Page("app_pages/reading_list.py", title="Reading list", url_path="list", visibility="hidden"),
]

is_open = sign_in.is_open()
page = st.navigation(PAGES, position="top" if is_open else "hidden")
if not is_open:
    sign_in.page(is_home=not page.url_path and not st.query_params)
    st.stop()
try:
    known = data.known()
    if searched := navigation.bar(known.fingerprint, known.names()):
        found, query = lookup.meaning(searched, known)
        st.switch_page(f"app_pages/{found}.py", query_params=query)
    page.run()
except (StoreError, LinkError) as error:
    if isinstance(error, NotAStore):
        data.forget()
    components.trouble(error)
    if isinstance(error, NotAStore | WrongSchema):
        navigation.bar(None)
sign_in.visitor()
