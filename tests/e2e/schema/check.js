// Checks JSON values against a schema of docs/schema/, and the schema against mutations of those very values: one that
// can't refuse says nothing.
//   node check.js lines SCHEMA FILE…     FILE: one value a line; every kind of line that the schema knows must be among them
//   node check.js receipt SCHEMA FILE…   FILE: one value
// NODE_PATH names where ajv is. Ends with 1 and says what is wrong, with the value.
'use strict'
const fs = require('fs')
const Ajv2020 = require('ajv/dist/2020')
const addFormats = require('ajv-formats')

const [kind, schemaFile, ...files] = process.argv.slice(2)
const schema = JSON.parse(fs.readFileSync(schemaFile, 'utf8'))
// strictRequired would want each branch of a oneOf to name its members again
const ajv = addFormats(new Ajv2020({ strict: true, strictRequired: false, allErrors: false }))
const valid = ajv.compile(schema)
let problems = 0

function problem(text, value) {
    problems += 1
    if (problems <= 20) console.log(`${text}: ${JSON.stringify(value).slice(0, 2000)}`)
}

function values() {
    const all = []
    for (const file of files) {
        const text = fs.readFileSync(file, 'utf8')
        const pieces = kind === 'lines' ? text.split('\n').filter((line) => line !== '') : [text]
        for (const piece of pieces) all.push(JSON.parse(piece))
    }
    return all
}

// One value for each shape: the names of its members, all the way down, and what kind of line it is.
function shape(value) {
    if (Array.isArray(value)) return [...new Set(value.map(shape))].sort()
    if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value
    return Object.keys(value).sort().map((key) => [key, key === 'ev' ? value[key] : shape(value[key])])
}

// Calls visit(set, path, old) for every place in the value; set(x) changes that place of a copy and returns the copy.
function places(value, visit, path = []) {
    const at = path.reduce((here, key) => here[key], value)
    visit((change) => {
        const copy = structuredClone(value)
        if (path.length === 0) return change(copy)
        const parent = path.slice(0, -1).reduce((here, key) => here[key], copy)
        const changed = change(parent[path.at(-1)])
        if (changed === undefined) delete parent[path.at(-1)]
        else parent[path.at(-1)] = changed
        return copy
    }, path, at)
    if (at !== null && typeof at === 'object') for (const key of Object.keys(at)) places(value, visit, [...path, key])
}

// Members that may be absent beside the others of such a value.
const optional = ['text', 'eta_s', 'normal_s', 'error']
const mayBeAbsent = (value, path) =>
    path.length === 1 && optional.includes(path[0]) &&
    { text: ['result'], eta_s: ['progress'], normal_s: ['silence'], error: ['result'] }[path[0]].includes(value.ev)
// Numbers that others define and that are below zero there.
const anySign = (path) => path.includes('alg') || path.includes('algs')

function mutations(value) {
    const made = []
    const add = (what, path, mutant) => made.push([`${what} at ${path.join('.') || 'the top'}`, mutant])
    places(value, (change, path, old) => {
        const inArray = path.length > 0 && /^[0-9]+$/.test(path.at(-1))
        add('another type', path, change(() => (old === null || typeof old === 'string' ? 7 : 'seven')))
        add('a list', path, change((x) => [[x]]))
        if (path.length > 0 && !inArray && !mayBeAbsent(value, path)) add('absent', path, change(() => undefined))
        if (old !== null && typeof old === 'object' && !Array.isArray(old))
            add('a member nobody knows', path, change((x) => ({ ...x, surprise: 1 })))
        if (typeof old === 'string') {
            add('a control character', path, change((x) => x + '\u001b[2J'))
            if (/^[0-9a-f]{16,}$/.test(old)) {
                add('capitals', path, change((x) => 'F' + x.slice(1)))
                add('a digit less', path, change((x) => x.slice(1)))
            }
        }
        if (typeof old === 'number') {
            add('a fraction', path, change((x) => x + 0.5))
            if (!anySign(path)) add('below zero', path, change(() => -1))
        }
    })
    const word = (path, bad) => {
        if (path.reduce((here, key) => here?.[key], value) === undefined) return
        const copy = structuredClone(value)
        path.slice(0, -1).reduce((here, key) => here[key], copy)[path.at(-1)] = bad
        add(`"${bad}"`, path, copy)
    }
    for (const key of ['ev', 'disposition', 'outcome', 'intent', 'phase', 'boot', 'grade', 'check', 'name'])
        if (!(key === 'name' && value.ev !== 'log')) word([key], 'nonsense')
    word(['t'], '2026-13-24T09:14:03Z')
    word(['t'], '2026-11-24 09:14:03')
    word(['schema'], 2)
    word(['exit'], value.exit === 17 ? 0 : 17) // not the one of its outcome, where it has one
    word(['error', 'id'], 'E51')
    return value.ev === 'doctor' ? made.filter(([what]) => what !== '"17" at exit') : made
}

const all = values()
const shapes = new Map()
let refused = 0
for (const value of all) {
    if (!valid(value)) problem(ajv.errorsText(valid.errors), value)
    const key = JSON.stringify(shape(value))
    if (!shapes.has(key)) shapes.set(key, value)
}
for (const value of shapes.values())
    for (const [what, mutant] of mutations(value)) {
        refused += 1
        if (valid(mutant)) problem(`the schema lets pass: ${what}`, mutant)
    }
if (kind === 'lines') {
    const seen = new Set(all.map((value) => value.ev))
    for (const { $ref } of schema.oneOf) {
        const event = schema.$defs[$ref.split('/').pop()].properties.ev.const
        if (!seen.has(event)) problem('no such line was made', event)
    }
}
if (all.length === 0) problem('nothing to check', files)
console.log(`${all.length} values of ${shapes.size} shapes, ${refused} mutations, ${problems} problems`)
process.exit(problems > 0 ? 1 : 0)
