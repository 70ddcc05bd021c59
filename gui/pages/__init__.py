"""The places of the window, one module or package each; a page reads the studio and edits only its document."""
