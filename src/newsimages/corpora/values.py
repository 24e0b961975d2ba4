"""Values of typed tables as the text of cells."""

from datetime import date, datetime


def text_of(value: object) -> str:
    """Whole numbers without ``.0``, dates as ISO writes them, lists joined, nothing as ""."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if value is None or value != value:  # noqa: PLR0124 (NaN)
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, date):
        is_day = isinstance(value, datetime) and value == datetime.combine(
            value, datetime.min.time()
        )
        return value.isoformat()[:10] if is_day else value.isoformat()
    if isinstance(value, list):
        return ", ".join(text_of(item) for item in value)
    return str(value)
