"use strict";
// What is typed is answered by the page /ask, of which the content is appended here.
(() => {
	const form = document.getElementById("prompt"), field = form.elements.q, lines = document.getElementById("lines");
	const typed = [];
	let at = 0;

	async function answer(text) {
		const line = document.createElement("section"), head = document.createElement("h2");
		head.textContent = text;
		line.append(head);
		lines.append(line);
		try {
			const got = await fetch("/ask?" + new URLSearchParams({ q: text }));
			const page = new DOMParser().parseFromString(await got.text(), "text/html").querySelector("main");
			page.querySelector("h1").remove();
			line.append(...page.childNodes);
		} catch (e) {
			const error = document.createElement("p");
			error.className = "error";
			error.textContent = e.message;
			line.append(error);
		}
		field.scrollIntoView({ block: "nearest" });
	}

	form.addEventListener("submit", e => {
		e.preventDefault();
		const text = field.value.trim();
		if (text === "") return;
		at = typed.push(text);
		field.value = "";
		answer(text);
	});
	field.addEventListener("keydown", e => {
		const step = { ArrowUp: -1, ArrowDown: 1 }[e.key];
		if (!step) return;
		e.preventDefault();
		at = Math.min(Math.max(at + step, 0), typed.length);
		field.value = typed[at] ?? "";
	});
})();
