"""A page as an HTML document."""

from __future__ import annotations

from .page import Page

_HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ page.title }}</title>
<style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; }
table { border-collapse: collapse; border-bottom: 2px solid; border-top: 2px solid; }
caption { font-weight: bold; padding: .5rem 0; text-align: left; }
th, td { padding: .3rem .8rem; text-align: left; vertical-align: top; white-space: pre-line; }
thead { border-bottom: 1px solid; }
tbody tr:nth-child(even) { background: #8881; }
td { font-variant-numeric: tabular-nums; }
</style>
</head>
<body>
<table>
<caption>{{ page.title }}</caption>
<thead><tr>{% for cell in page.header %}<th scope="col">{{ cell }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in page.rows %}<tr>
{%- for cell in row %}{% if loop.first %}<th scope="row">{{ cell }}</th>
{%- else %}<td>{{ cell }}</td>{% endif %}{% endfor -%}
</tr>
{% endfor %}</tbody>
</table>
{% for note in page.notes %}<p>{{ note }}</p>
{% endfor %}</body>
</html>
"""


def render(page: Page, width: int) -> str:  # noqa: ARG001
    """One file that needs no other; everything in it is escaped."""
    from jinja2 import Environment

    return Environment(autoescape=True).from_string(_HTML).render(page=page)
