"""workspace.duckdb: views of the datasets, the runs behind them, and macros."""
