"""The judge: yes/no questions about answers, asked of a model on a server or in this process."""
