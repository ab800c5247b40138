"use strict";
(() => {
	const frames = [...document.querySelectorAll("#frames g")].map(g => ({
		g, rect: g.querySelector("rect"), label: g.querySelector("text"),
		name: g.querySelector("title").textContent.replace(/: \d+ of \d+ threads \([^)]*\)$/, ""),
		x: +g.dataset.x, n: +g.dataset.n, level: +g.dataset.y,
	}));
	const margin = 10, inner = 1180, letter = 6.6;
	const all = frames[0];

	// zoom makes a frame as wide as the picture: those above it grow with it, those below it are as wide, the others disappear.
	function zoom(to) {
		for (const f of frames) {
			const above = f.x >= to.x && f.x + f.n <= to.x + to.n && f.level >= to.level;
			const below = f.level < to.level && f.x <= to.x && f.x + f.n >= to.x + to.n;
			f.g.style.display = above || below ? "" : "none";
			f.g.classList.toggle("below", below);
			if (!above && !below) continue;
			const x = below ? margin : margin + inner * (f.x - to.x) / to.n;
			const width = below ? inner : inner * f.n / to.n;
			f.rect.setAttribute("x", x);
			f.rect.setAttribute("width", width);
			f.label.setAttribute("x", x + 3);
			const fits = Math.floor((width - 6) / letter), name = [...f.name];
			f.label.textContent = fits < 3 ? "" : name.length <= fits ? f.name : name.slice(0, fits - 2).join("") + "..";
		}
	}

	// search marks the functions that a regular expression matches, and says how many threads have one of them.
	function search(pattern) {
		let found = null;
		try {
			found = pattern ? new RegExp(pattern) : null;
		} catch (e) {
			document.getElementById("found").textContent = e.message;
			return;
		}
		let covered = 0, until = -1; // frames are in the order of their depth in the tree: what is above a match is counted with it
		for (const f of frames) {
			const match = found !== null && found.test(f.name);
			f.rect.classList.toggle("found", match);
			if (match && f.x >= until) {
				covered += f.n;
				until = f.x + f.n;
			}
		}
		document.getElementById("found").textContent = found ? `${covered} of ${all.n} threads (${(100 * covered / all.n).toFixed(1)} %)` : "";
	}

	const field = document.getElementById("search");
	const reset = () => { zoom(all); field.value = ""; search(""); };
	field.addEventListener("input", () => search(field.value));
	for (const f of frames) f.g.addEventListener("click", () => zoom(f));
	document.getElementById("reset").addEventListener("click", reset);
	window.addEventListener("keydown", e => {
		if ((e.ctrlKey || e.metaKey) && e.key === "f") { e.preventDefault(); field.focus(); }
		if (e.key === "Escape") reset();
	});
})();
