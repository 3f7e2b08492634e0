"""The demo model: replays written examples over the OpenAI interface and is no language model."""
