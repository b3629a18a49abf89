"""What turns losses into new weights: plain PyTorch or DeepSpeed's ZeRO, all weights or LoRA adapters."""
