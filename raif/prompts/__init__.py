"""What models are asked, as YAML files of templates that a folder of your own may replace."""
