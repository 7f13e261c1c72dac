"""Sources of decisions: what stands where an LLM would. The honest one follows the task; each misbehaviour twists it."""
