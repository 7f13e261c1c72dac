"""Requirements in, verdicts out: does an authorization design keep its requirements, whatever the LLM decides?"""
