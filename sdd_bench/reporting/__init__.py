"""Results as one page that opens anywhere: tables, pictures, scores; no network, no server."""
