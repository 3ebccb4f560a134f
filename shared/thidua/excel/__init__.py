"""Excel files of departments: templates, checking with every fault named, import and export of events."""
