// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The flame graph's behaviour. The frames are there without it; names come in only
// as text, never as markup.
(function () {
"use strict";
const root = document.documentElement;
const area = document.getElementById("frames");
const tip = document.getElementById("tip");
const search = document.getElementById("search");
const matched = document.getElementById("matched");
const reset = document.getElementById("reset");
const live = document.getElementById("live");
const buttons = { t: document.getElementById("by-time"), n: document.getElementById("by-count") };
let metric = root.dataset.metric, focus = 0, current = 0, hits = null;

// In the order of the document, each parent before its children.
const frames = Array.from(area.children).map(function (el, i) {
	const title = el.querySelector("title"), d = el.dataset;
	title.remove();
	const parent = i ? +d.p : -1;
	return { el: el, text: el.querySelector("text"), name: el.querySelector("text").textContent, parent: parent,
		t: +d.t, n: +d.n, module: d.m || "", kind: d.k, children: [], level: 0, x: 0, w: 0, shown: true };
});
frames.forEach(function (f, i) {
	if (f.parent >= 0) {
		frames[f.parent].children.push(i);
		f.level = frames[f.parent].level + 1;
	}
	f.el.setAttribute("aria-level", f.level + 1);
	f.el.setAttribute("tabindex", i ? "-1" : "0");
});
const all = frames[0];

function time(ns) {
	const units = [["s", 1e9], ["ms", 1e6], ["µs", 1e3], ["ns", 1]];
	const unit = units.find(function (u) { return ns >= u[1]; }) || units[3];
	const value = ns / unit[1];
	return (unit[1] === 1 ? Math.round(value) : value.toPrecision(value >= 1000 ? 4 : 3)) + " " + unit[0];
}
function count(n) { return n.toLocaleString("en-US") + (n === 1 ? " fault" : " faults"); }
function percent(part, whole) { return whole ? (100 * part / whole).toFixed(part * 100 < whole ? 2 : 1) + " %" : "0 %"; }
function figures(f) {
	let words = time(f.t) + ", " + count(f.n) + ", " + percent(f[metric], all[metric]);
	if (focus && f !== frames[focus] && f[metric] <= frames[focus][metric])
		words += " (" + percent(f[metric], frames[focus][metric]) + " of the zoomed)";
	return words + (f.n ? ", " + time(f.t / f.n) + " each" : "");
}

let letter = 7;
function measure() {
	const probe = all.text.cloneNode(false);
	probe.textContent = "abcdefghijklmnopqrst";
	all.el.appendChild(probe);
	letter = probe.getComputedTextLength() / 20 || letter;
	probe.remove();
}
function fit(f, width) {
	const room = Math.floor((width - 7) / letter);
	const points = Array.from(f.name);
	f.text.textContent = room < 2 ? "" : points.length <= room ? f.name : points.slice(0, room - 1).join("") + "…";
}
function isInside(i, ancestor) {
	while (i > ancestor) i = frames[i].parent;
	return i === ancestor;
}
// The controls need more lines in a narrow window.
const foot = document.getElementById("foot"), height = +root.getAttribute("height"), top0 = +area.getAttribute("y");
const footY = +foot.getAttribute("y");
function makeRoom() {
	const controls = document.getElementById("controls"), bar = document.getElementById("bar");
	const more = Math.max(0, +controls.getAttribute("y") + bar.offsetHeight + 12 - top0);
	controls.setAttribute("height", bar.offsetHeight + 8);
	area.setAttribute("y", top0 + more);
	foot.setAttribute("y", footY + more);
	root.setAttribute("height", height + more);
}
function layout() {
	const next = new Array(frames.length).fill(0), zoomed = frames[focus];
	const width = Math.max(200, root.getBoundingClientRect().width - 32);
	area.setAttribute("width", width);
	makeRoom();
	frames.forEach(function (f, i) {
		f.x = f.parent >= 0 ? next[f.parent] : 0;
		f.w = f[metric];
		if (f.parent >= 0) next[f.parent] += f.w;
		next[i] = f.x;
	});
	const whole = zoomed.w || 1;
	frames.forEach(function (f, i) {
		const outer = i !== focus && isInside(focus, i);
		const inside = isInside(i, focus);
		const x = outer ? 0 : (f.x - zoomed.x) / whole, w = outer ? 1 : f.w / whole;
		f.shown = (outer || inside) && w * width >= 0.4;
		f.el.style.display = f.shown ? "" : "none";
		f.el.classList.toggle("outer", outer);
		f.el.setAttribute("aria-label", f.name + ": " + figures(f));
		if (!f.shown) return;
		f.el.setAttribute("x", 100 * x + "%");
		f.el.setAttribute("width", 100 * w + "%");
		fit(f, w * width);
	});
	reset.disabled = !focus && !hits;
	if (!frames[current].shown) select(focus, false);
}
function zoom(i) {
	focus = i;
	layout();
	live.textContent = i ? "Zoomed to " + frames[i].name + ": " + figures(frames[i]) : "";
	hideTip();
}
function select(i, byKey) {
	frames[current].el.setAttribute("tabindex", "-1");
	current = i;
	frames[i].el.setAttribute("tabindex", "0");
	if (byKey) frames[i].el.focus();
}

function pattern(words) {
	try { return new RegExp(words, "i"); } catch (e) { return new RegExp(words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i"); }
}
function find(words) {
	const re = words ? pattern(words) : null;
	let sum = 0, nr = 0;
	const inHit = new Array(frames.length).fill(false);
	frames.forEach(function (f, i) {
		const hit = !!re && (re.test(f.name) || re.test(f.module));
		const above = f.parent >= 0 && inHit[f.parent];
		inHit[i] = hit || above;
		if (hit) nr++;
		if (hit && !above) sum += f[metric];
		f.el.classList.toggle("hit", hit);
	});
	hits = re ? words : null;
	area.classList.toggle("searching", !!re);
	matched.textContent = !re ? "" : nr ? percent(sum, all[metric]) + " in " + nr + (nr === 1 ? " frame" : " frames") : "no match";
	reset.disabled = !focus && !hits;
}
function choose(m) {
	metric = m;
	root.dataset.metric = m;
	Object.keys(buttons).forEach(function (k) { buttons[k].setAttribute("aria-pressed", k === m ? "true" : "false"); });
	layout();
	find(hits || "");
}

function element(name, className, words) {
	const e = document.createElementNS("http://www.w3.org/1999/xhtml", name);
	e.className = className;
	e.textContent = words;
	return e;
}
function showTip(f, x, y) {
	const kinds = { user: "", kernel: "kernel", path: "path of the fault", process: "process", note: "" };
	const where = [f.module, kinds[f.kind]].filter(Boolean).join(", ");
	tip.replaceChildren(element("b", "", f.name));
	if (where) tip.appendChild(element("span", "where", where));
	tip.appendChild(element("div", "figures", figures(f)));
	const box = tip.getBoundingClientRect(), page = root.getBoundingClientRect();
	const left = Math.max(4, Math.min(x - page.left + 14, page.width - box.width - 8));
	let top = y - page.top + 18;
	if (y + 18 + box.height > window.innerHeight) top = y - page.top - box.height - 10;
	tip.style.left = left + "px";
	tip.style.top = Math.max(2, top) + "px";
	tip.style.visibility = "visible";
}
function hideTip() { tip.style.visibility = "hidden"; }
function frameOf(target) {
	const el = target.closest ? target.closest(".f") : null;
	return el ? frames.findIndex(function (f) { return f.el === el; }) : -1;
}

area.addEventListener("click", function (e) {
	const i = frameOf(e.target);
	if (i < 0) return;
	select(i, false);
	zoom(i);
});
area.addEventListener("mousemove", function (e) {
	const i = frameOf(e.target);
	if (i < 0) hideTip(); else showTip(frames[i], e.clientX, e.clientY);
});
area.addEventListener("mouseleave", hideTip);
area.addEventListener("focusin", function (e) {
	const i = frameOf(e.target);
	if (i < 0 || !e.target.matches(":focus-visible")) return;
	const box = e.target.getBoundingClientRect();
	showTip(frames[i], box.left, box.bottom);
});
area.addEventListener("focusout", hideTip);

function shownChild(i) { return frames[i].children.find(function (c) { return frames[c].shown; }); }
function sibling(i, step) {
	if (frames[i].parent < 0) return undefined;
	const row = frames[frames[i].parent].children.filter(function (c) { return frames[c].shown; });
	return row[row.indexOf(i) + step];
}
area.addEventListener("keydown", function (e) {
	const go = { ArrowUp: frames[current].parent, ArrowDown: shownChild(current),
		ArrowLeft: sibling(current, -1), ArrowRight: sibling(current, 1) };
	if (e.key === "Enter" || e.key === " ") {
		zoom(current);
		e.preventDefault();
	} else if (e.key in go) {
		if (go[e.key] !== undefined && go[e.key] >= 0) select(go[e.key], true);
		e.preventDefault();
	}
});
function resetAll() {
	search.value = "";
	find("");
	zoom(0);
}
document.addEventListener("keydown", function (e) {
	if (e.key === "Escape") {
		resetAll();
	} else if (e.key === "/" && e.target !== search) {
		search.focus();
		e.preventDefault();
	}
});
search.addEventListener("input", function () { find(search.value.trim()); });
reset.addEventListener("click", resetAll);
buttons.t.addEventListener("click", function () { choose("t"); });
buttons.n.addEventListener("click", function () { choose("n"); });
window.addEventListener("resize", layout);
measure();
choose(metric);
})();
