"""The application: deciding services and reporting, one image, never uploaded."""
