// Package openai speaks the two formats of OpenAI: chat completions, which most other servers speak as well (Ollama, LM Studio,
// vLLM, llama.cpp, OpenRouter), and responses. See package model for the contract.
//
// Of responses nothing is stored at the vendor's: thoughts come back encrypted and go with the next request. What other
// servers send beyond the format is understood: thoughts in reasoning_content, in reasoning, or between <think> tags.
package openai
