"""What each network of the miniature learns: from arrays to a trained module, a file a stage."""
