"""How the page looks: the report's paper, ink and type."""

__all__ = ["BODY", "SERIF", "TEXT", "WIDGET", "WIDTH"]

WIDTH = 1120  # CSS pixels

SERIF = (
    '"Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", "Source Serif 4", Georgia, "Liberation Serif", '
    "serif"
)

BODY = "html, body { background: #fff; } body { margin: 0; padding: 1.4rem 1.2rem 3rem; }"

TEXT = f"""
:host {{ color: #1d1d1b; }}
* {{ font-family: {SERIF}; }}
p, h1, h2, figure {{ margin: 0; }}
h1 {{ font-size: 25px; line-height: 1.2; font-weight: 600; letter-spacing: -0.01em; }}
h2 {{ font-size: 19px; font-weight: 600; padding-top: 12px; border-top: 1px solid #dcdad3; }}
.quiet, figcaption {{ color: #67655f; font-size: 15px; line-height: 1.35; }}
.row {{ display: flex; gap: 18px; }}
.stack {{ display: flex; flex-direction: column; gap: 12px; }}
.shown img {{ display: block; image-rendering: pixelated; border: 1px solid #dcdad3; border-radius: 2px; }}
.shown figcaption {{ margin-top: 5px; width: min-content; min-width: 100%; }}
.mark {{ display: flex; gap: 8px; align-items: center; padding-right: 64px; }}
.mark img {{ width: 34px; height: 34px; image-rendering: pixelated; border: 1px solid #dcdad3; }}
.mark b {{ font-weight: 600; font-size: 16px; }}
.mark span {{ color: #67655f; font-size: 14px; line-height: 1.2; }}
.mark.own b, .mark.own span {{ color: #0072b2; }}
"""

WIDGET = f"""
:host {{ color: #1d1d1b; font-family: {SERIF}; --accent-color: #0072b2; }}
label, .bk-slider-title {{ font: 14px/1.3 {SERIF}; color: #67655f; }}
.bk-btn, .bk-input {{ font: 15px/1.3 {SERIF}; border-radius: 3px; }}
.choices__list--multiple .choices__item {{ background-color: #0072b2; border-color: #0072b2; font: 14px/1.3 {SERIF}; }}
.noUi-base::after {{ content: ""; position: absolute; left: var(--zero); top: 13px; height: 6px; }}
.noUi-base::after {{ border-left: 1px solid #67655f; }}
.bk-slider-title {{ position: absolute; right: 0; top: -26px; }}
.bk-slider-title .bk-slider-value {{ font-weight: 400; font-variant-numeric: lining-nums tabular-nums; }}
"""
