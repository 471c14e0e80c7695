// The published JSON schemas of the four revisions, out of the official conformance suite that the lock file of
// tests/conformance pins. Its bundle holds them as object literals of JavaScript:
//   Pe={$schema:`…`,definitions:{…}}, …, Re={"2025-03-26":Pe,…,[A]:Le}
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';

export const REVISIONS = ['2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'];
const BUNDLE = new URL('../../conformance/node_modules/conformance-0.2/dist/index.js', import.meta.url);

/// Where the object literal that begins at `begin` ends. Strings are skipped; anything but a literal fails later.
function end_of_literal(text, begin) {
  let depth = 0;
  for (let at = begin; at < text.length; ++at) {
    const c = text[at];
    if (c === '`' || c === '"' || c === "'") {
      for (++at; text[at] !== c; ++at) if (text[at] === '\\') ++at;
    } else if (c === '{') {
      ++depth;
    } else if (c === '}' && --depth === 0) {
      return at + 1;
    }
  }
  throw new Error('a schema literal of the bundle has no end');
}

/// The literals by the name of the variable that holds them.
function literals_of(text) {
  const found = new Map();
  for (const match of text.matchAll(/([\w$]+)=(?=\{\$schema:`https?:[^`]+`,(?:definitions|\$defs):\{)/g)) {
    const begin = match.index + match[0].length;
    found.set(match[1], text.slice(begin, end_of_literal(text, begin)));
  }
  return found;
}

/// Which variable holds which revision: pairs of a revision and a name.
function names_of(text) {
  const table = text.match(/=\{((?:(?:"\d{4}-\d\d-\d\d"|\[[\w$]+\]):[\w$]+,?){2,})\}/);
  if (!table) throw new Error('the bundle has no table of schemas by revision');
  return table[1].split(',').map((entry) => {
    const [key, name] = entry.split(':');
    if (key.startsWith('"')) return [JSON.parse(key), name];
    const constant = key.slice(1, -1).replaceAll('$', '\\$');
    const value = text.match(new RegExp(`[ ,;]${constant}=\`(\\d{4}-\\d\\d-\\d\\d)\``));
    if (!value) throw new Error(`the bundle does not say which revision ${key} is`);
    return [value[1], name];
  });
}

/// The schemas by revision. Throws unless the bundle holds exactly the four we speak.
export function published_schemas(text = readFileSync(BUNDLE, 'utf8')) {
  const literals = literals_of(text);
  const schemas = {};
  for (const [revision, name] of names_of(text)) {
    if (!literals.has(name)) throw new Error(`the bundle has no schema literal ${name} for ${revision}`);
    // In a context without anything: a literal that refers to something does not evaluate.
    schemas[revision] = JSON.parse(runInNewContext(`JSON.stringify((${literals.get(name)}))`, {}, { timeout: 10_000 }));
  }
  const told = Object.keys(schemas).sort().join(' ');
  if (told !== REVISIONS.join(' ') || literals.size !== REVISIONS.length) {
    throw new Error(`the bundle holds ${literals.size} schemas, of ${told}; wanted are ${REVISIONS.join(' ')}`);
  }
  return schemas;
}
