"""Fine-tuning the U-Net, and checkpoints of any tool. Loads torch."""
