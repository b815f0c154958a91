"""The boards that come with Lilliput, one TOML file each; `files` reads them into the registry."""
