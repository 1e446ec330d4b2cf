"""What must hold in a workspace: rules as sentences, each with the query for the rows that break it."""
