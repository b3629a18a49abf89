"""Training: GRPO with contrast and cloning, and supervised fine-tuning."""
