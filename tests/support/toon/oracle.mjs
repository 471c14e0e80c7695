// oracle.mjs DOCUMENTS [SEED]: what the official implementation of TOON makes of documents that a generator
// makes up from the seed, as one JSON text on standard output: for each one {encode, options, toon} and three
// {decode, options, value} or {decode, options, error}, two of them of a damaged text.
import { decode, encode } from '@toon-format/toon'

const [documents, seed] = process.argv.slice(2).map(Number)
let state = seed || 0x2545f491
function random(below) {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % below
}
const pick = (list) => list[random(list.length)]

const NAMES = ['id', 'name', 'a', 'b', 'load', 'state', 'x-y', 'a.b', '', 'true', '1', 'é', 'with space', '#k', '-k', 'k:v', 'q"q', '{k}', 'k,l', 'k|l', 'tab\tkey', '__proto__']
const TEXTS = ['', 'up', 'x y', ' led', 'trailed ', 'true', 'null', '12', '-3', '+4', '05', '1e3', '.5', '1.', '-', '- a', '#c', 'a#c', 'a,b', 'a|b', 'a\tb', 'k: v', '[1]', '{a}', 'say "hi"', 'back\\slash', 'two\nlines', '\r', '\u0000\u001f', 'é', '世界', '🎉', '\ufeffmark', '\u00a0nbsp', 'a]b', '"', 'Infinity', 'NaN', '0x10', '1_000', 'http://h:1/p?q=1', '2026-01-01T00:00:00Z']
const NUMBERS = [0, -0, 1, -1, 12, 0.5, -0.25, 1e6, 1.5e-6, 1e-6, 1e-7, -2.5e-9, 1e20, 1e21, 1.5e300, 123456.789, 0.1, 5e-324, 9007199254740991, 2 ** 63, 0.30000000000000004]

function primitive() {
  switch (random(6)) {
    case 0: return pick([true, false, null])
    case 1: return random(1000)
    case 2: return pick(NUMBERS)
    default: return pick(TEXTS)
  }
}
function names(count) {
  const chosen = new Set()
  while (chosen.size < count) chosen.add(pick(NAMES))
  return [...chosen]
}
// An object with own members, also for the name __proto__.
const object = (members) => Object.fromEntries(members)
const shape = (depth) => names(1 + random(3)).map((name) => [name, depth > 0 && random(4) === 0 ? shape(depth - 1) : null])
const shaped = (form) => object(form.map(([name, inner]) => [name, inner ? shaped(inner) : primitive()]))
const reversed = (value) => random(4) === 0 ? object(Object.entries(value).reverse()) : value

function value(depth) {
  switch (depth > 0 ? random(7) : 0) {
    case 1: return Array.from({ length: random(4) }, primitive)
    case 2: return Array.from({ length: random(4) }, () => value(depth - 1))
    case 3: return object(names(random(4)).map((name) => [name, value(depth - 1)]))
    case 4: {
      const form = shape(2)
      return Array.from({ length: 1 + random(3) }, () => reversed(shaped(form)))
    }
    case 5: {
      const form = shape(1)
      return object(names(1 + random(3)).map((name) => [name, shaped(form)]))
    }
    case 6: return object(names(1 + random(3)).map((name) => [name, value(depth - 1)]))
    default: return primitive()
  }
}

const PIECES = [' ', '  ', '\t', ',', '|', ':', ': ', '"', '[', ']', '{', '}', '-', '- ', '#', '\\', '\\n', '0', 'x', '[]', '[2]:', '[1:]{a}:', '\n', '\n\n', '\r\n', '\n  ', '\n    ']
function damaged(text) {
  for (let times = random(3); times >= 0; --times) {
    const at = random(text.length + 1)
    const lines = text.split('\n')
    const line = random(lines.length)
    switch (random(6)) {
      case 0: text = text.slice(0, at) + text.slice(at + 1); break
      case 1: case 2: text = text.slice(0, at) + pick(PIECES) + text.slice(at); break
      case 3: lines.splice(line, 1); text = lines.join('\n'); break
      case 4: lines.splice(line, 0, pick(lines)); text = lines.join('\n'); break
      default: lines[line] = pick(['  ', '', '\t', '# ']) + lines[line].slice(random(3)); text = lines.join('\n')
    }
  }
  // Half a pair of surrogates is no text that could be written as UTF-8.
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '?')
}

const OPTIONS = [{}, { delimiter: '\t' }, { delimiter: '|' }, { indentSize: 4 }]
const cases = []
for (let i = 0; i < documents; ++i) {
  const input = value(4)
  const options = pick(OPTIONS)
  const toon = encode(input, options)
  cases.push({ encode: input, options, toon })
  const reading = { indentSize: options.indentSize ?? 2, strict: random(3) > 0 }
  for (const text of [toon, damaged(toon), damaged(toon)]) {
    const read = { decode: text, options: reading }
    try {
      read.value = decode(text, reading)
    } catch (error) {
      read.error = error.message
    }
    cases.push(read)
  }
}
process.stdout.write(JSON.stringify(cases))
