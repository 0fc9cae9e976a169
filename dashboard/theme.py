"""Colours and type, light and dark, as options of `streamlit run`: they hold from any working directory.

Streamlit writes captions in the text's colour at 60 %, and chosen buttons in the primary colour on a tint of it: both
must reach a contrast of 4.5.
"""

_BOTH = {
    "linkUnderline": "false",
    "baseRadius": "0.4rem",
    "baseFontSize": "15",
    "headingFontWeights": "[600,600,600,600,600,600]",
    "headingFontSizes": '["1.9rem","1.12rem","1rem","1rem","1rem","0.9rem"]',
    "metricValueFontSize": "1.7rem",
    "showWidgetBorder": "true",
}
_LIGHT = {
    "backgroundColor": "#ffffff",
    "secondaryBackgroundColor": "#f3f5f8",
    "textColor": "#11161f",
    "grayTextColor": "#5b5f6a",
    "linkColor": "#1f62c9",
    "primaryColor": "#1f62c9",
}
_DARK = {
    "backgroundColor": "#11151c",
    "secondaryBackgroundColor": "#1b212b",
    "textColor": "#e6e9ef",
    "grayTextColor": "#aaaeb4",
    "linkColor": "#7fb0ff",
    "primaryColor": "#5b97ff",
}


def options() -> dict[str, str]:
    """Option name -> value."""
    return {
        **{f"theme.{name}": value for name, value in _BOTH.items()},
        **{f"theme.light.{name}": value for name, value in _LIGHT.items()},
        **{f"theme.dark.{name}": value for name, value in _DARK.items()},
    }
