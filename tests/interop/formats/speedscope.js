// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
//
// speedscope.js SPEEDSCOPE FORMAT FILE JSON: what speedscope makes of FILE, which pfstat wrote
// in FORMAT, is what the same faults are in JSON, which pfstat wrote as JSON Lines.
//
// speedscope's package has its importer only inside of the page's script. The script is run up
// to where it has the importer, with nothing for a window.
"use strict";
const assert = require("assert");
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const [speedscope, format, file, json] = process.argv.slice(2);

// Whatever is asked of a window or a document before that.
const nothing = new Proxy(function () {}, {
	get: (_, key) => key === Symbol.toPrimitive ? () => "" : key === "then" ? undefined : nothing,
	apply: () => nothing,
	construct: () => nothing,
	set: () => true,
});

function load(complaints) {
	const dir = path.join(speedscope, "dist/release");
	const name = fs.readdirSync(dir).find(f => /^speedscope-.*\.js$/.test(f));
	let script = fs.readFileSync(path.join(dir, name), "utf8");
	// The module's exports keep their names; the variable that holds them has any.
	const exported = /([\w$]+)=\{\};[\w$]+\(\1,\{[^}]*importProfileGroupFromText:/.exec(script);
	assert(exported, "no importer in speedscope's script: another version?");
	const loader = `Promise\\.resolve\\(\\)\\.then\\(\\(\\)=>\\([\\w$]+\\(\\),` +
		exported[1].replace(/\$/g, "\\$&") + `\\)\\);`;
	assert(new RegExp(loader).test(script), "no loader of the importer in speedscope's script");
	script = script.replace(new RegExp(loader),
		found => `globalThis.importer=${found}throw new Error("no page");`);
	const complain = (...words) => complaints.push(words.join(" "));
	const context = vm.createContext({
		window: nothing, self: nothing, document: nothing, navigator: nothing,
		location: nothing, localStorage: nothing, TextDecoder, TextEncoder, performance,
		setTimeout, console: { log() {}, warn: complain, error: complain },
	});
	try {
		vm.runInContext(script, context);
	} catch (e) {
		assert.strictEqual(e.message, "no page");
	}
	return context.importer;
}

// Frames as they open and close, in order: [depth, name, begin, end].
function slices(profile) {
	const open = [], found = [];
	profile.forEachCall(
		(node, at) => open.push({ name: node.frame.name, begin: at }),
		(node, at) => {
			const { name, begin } = open.pop();
			assert.strictEqual(name, node.frame.name);
			found.push({ depth: open.length, name, begin, end: at });
		});
	assert.strictEqual(open.length, 0);
	return found;
}

function byThread(faults) {
	const threads = new Map();
	for (const fault of faults) {
		if (!threads.has(fault.tid))
			threads.set(fault.tid, []);
		threads.get(fault.tid).push(fault);
	}
	return threads;
}

// us since the profile's first; doubles of 40 days have no whole ns.
function near(a, b, what) {
	assert(Math.abs(a - b) < 0.01, `${what}: ${a} is not ${b}`);
}

// Each fault a slice of its length, each cause one in it, with its.
function checkChrome(profile, faults) {
	const found = slices(profile);
	const outer = found.filter(s => s.depth === 0);
	assert.deepStrictEqual(outer.map(s => s.name), faults.map(f => f.path));
	outer.forEach((s, i) => {
		near(s.end - s.begin, faults[i].latency_ns / 1000, `length of fault ${i}`);
		near(s.begin - outer[0].begin, (faults[i].end_ns - faults[i].latency_ns -
			faults[0].end_ns + faults[0].latency_ns) / 1000, `begin of fault ${i}`);
	});
	const inner = found.filter(s => s.depth === 1);
	const parts = faults.flatMap(f => Object.entries(f.parts ?? {}).filter(([, ns]) => ns));
	assert.deepStrictEqual(inner.map(s => s.name), parts.map(([cause]) => cause));
	inner.forEach((s, i) => near(s.end - s.begin, parts[i][1] / 1000, `length of part ${i}`));
	assert.strictEqual(found.length, outer.length + inner.length);
	return found.length;
}

// The frame of an instruction, as speedscope calls it; get_user_pages has none.
function instruction(ip) {
	if (!ip)
		return [];
	const escape = c => "\\" + c.charCodeAt(0).toString(8).padStart(3, "0");
	return [ip.symbol?.replace(/[\x00-\x1f]/g, escape) ?? `??? (${ip.module ?? "[unknown]"})`];
}

// Each fault a sample: the path within the instruction. Alike ones in a row are one there.
function checkPerfScript(profile, faults) {
	const samples = [];
	const names = node => node.parent ? [...names(node.parent), node.frame.name] : [];
	for (const node of profile.samples)
		samples.push(names(node).join(";"));
	const wanted = faults.map(f => [...instruction(f.ip), `fault:${f.path}`].join(";"))
		.filter((stack, i, all) => stack !== all[i - 1]);
	assert.deepStrictEqual(samples, wanted);
	return samples.length;
}

async function main() {
	const complaints = [];
	const importer = await load(complaints);
	const group = await importer.importProfileGroupFromText(path.basename(file),
		fs.readFileSync(file, "utf8"));
	const lines = fs.readFileSync(json, "utf8").trim().split("\n").map(l => JSON.parse(l));
	const faults = byThread(lines.filter(l => l.kind === "fault"));
	let found = 0;

	assert(group, "speedscope does not know what this is");
	assert.strictEqual(group.profiles.length, faults.size);
	for (const profile of group.profiles) {
		const tid = Number(/tid:? (\d+)/.exec(profile.getName())[1]);
		const [{ comm, pid }] = faults.get(tid);
		const name = profile.getName();

		if (format === "chrome") {
			assert(name.includes(comm), name);
			found += checkChrome(profile, faults.get(tid));
		} else {
			// A hostile name is one word, and hides no number.
			assert(new RegExp(`^\\S+ ? pid: ${pid} tid: ${tid}$`).test(name), name);
			found += checkPerfScript(profile, faults.get(tid));
		}
	}
	// "Tried to end ...", "was still open": slices that do not nest. Where it only ends another
	// one's key of the same name, that is args, which are in the E alone.
	const serious = complaints.filter(c => !/ instead\.$/.test(c) || /Doing nothing/.test(c));
	assert.deepStrictEqual(serious, []);
	console.log(`${group.profiles.length} threads, ${found} ` +
		(format === "chrome" ? "slices" : "samples"));
}

main().catch(e => {
	console.error(e.message);
	process.exit(1);
});
