"""What is checked of the course on fully connected networks: layers, loss, update rules, the training loop."""
