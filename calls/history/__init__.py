"""The call history: searched, filtered, read page by page, kept as views, exported."""
