"""The deep model: token ids, the engines that compute logits, and what makes answers of them."""
