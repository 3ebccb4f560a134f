"""The auditor's commands that need the application's read models and rules: replay, diff, explain, export."""
