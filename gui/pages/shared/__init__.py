"""What more than one page uses: background work, file questions, one picture large."""
