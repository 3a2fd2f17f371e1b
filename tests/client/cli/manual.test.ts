/** docs/cli.md, the tests of the command line and the command line itself name the same things. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Command, Option } from 'commander'
import { describe, expect, test } from 'vitest'
import { EXAMPLES } from '../../../client/cli/examples.ts'
import { ExitCode } from '../../../client/cli/failure.ts'
import { buildProgram, runnable } from '../../../client/cli/program.ts'

const root = new URL('../../../', import.meta.url)
const manual = readFileSync(new URL('docs/cli.md', root), 'utf8')
const program = buildProgram()
const commands = runnable(program)
const GLOBAL = 'every command'

/** The options of each command; those of all commands under a name of their own. */
const options: { readonly name: string; readonly option: Option }[] = [
  ...program.options.map(option => ({ name: GLOBAL, option })),
  ...commands.flatMap(({ name, command }) => command.options.map(option => ({ name, option }))),
]

/** What the manual says of a command, or of a group of commands. */
function sectionOf(name: string): string {
  const [preface = '', ...sections] = manual.split(/^## ottla /m)
  if (name === GLOBAL) return preface
  const [group = ''] = name.split(' ')
  const own = sections.filter(
    section => section.startsWith(`${name} `) || section.startsWith(`${name}\n`),
  )
  return (own.length > 0 ? own : sections.filter(section => section.startsWith(group))).join('\n')
}

/** Each test of the command line as text, with the words of its command lines a space apart. */
const tests = ['tests/compat/', 'tests/client/cli/'].flatMap(folder =>
  readdirSync(new URL(folder, root))
    .filter(file => file.endsWith('.test.ts') && (folder !== 'tests/compat/' || /^cli/.test(file)))
    .filter(file => file !== 'manual.test.ts')
    .flatMap(file =>
      readFileSync(new URL(folder + file, root), 'utf8')
        .split(/^ *test\b/m)
        .slice(1),
    )
    .map(text => ` ${text.replace(/['"`,[\]()\s]+/g, ' ')} `),
)

function isTested(name: string, words: readonly string[]): boolean {
  const isNamed = (text: string) => name === GLOBAL || text.includes(` ${name} `)
  return tests.some(text => isNamed(text) && words.some(word => text.includes(` ${word} `)))
}

describe('the manual', () => {
  test.each(commands)('tells of $name', ({ name }) => {
    const section = sectionOf(name)
    expect(section.includes(name) || section.startsWith(name.split(' ')[0] ?? '')).toBe(true)
    expect(section).toContain(name.split(' ').at(-1))
  })

  test.each(options)('tells of $option.long of $name', ({ name, option }) => {
    expect(sectionOf(name)).toContain(option.long)
    if (option.short !== undefined) expect(sectionOf(name)).toMatch(shortOf(option))
  })

  test('names no option that there is not', () => {
    const known = new Set(['--help', ...options.map(({ option }) => option.long)])
    const named = manual.match(/(?<=[`\s[])--[a-z][a-z-]+/g) ?? []
    expect(named.filter(option => !known.has(option))).toEqual([])
  })

  test('lists the exit codes, and no others', () => {
    const listed = [...manual.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
    expect(listed).toEqual(Object.values(ExitCode))
  })
})

/** In a table of options, or as the example of a use. */
function shortOf({ short }: Option): RegExp {
  return new RegExp(`[\`[]${short}\\b`)
}

describe('the tests of the command line', () => {
  test.each(commands)('run $name', ({ name }) => {
    expect(isTested(name, [name])).toBe(true)
  })

  test.each(options)('use $option.long of $name', ({ name, option }) => {
    expect(isTested(name, [option.long ?? '', option.short ?? option.long ?? ''])).toBe(true)
  })

  test.each(Object.values(ExitCode))('see exit code %i', code => {
    const seen = new RegExp(` (code: |toBe |failure .*|SIG(INT|TERM) )${code} `)
    expect(tests.some(text => seen.test(text))).toBe(true)
  })
})

describe('--help', () => {
  /** All that a command prints for --help. */
  function helpOf(command: Command): string {
    let help = ''
    const writeOut = (text: string) => {
      help += text
    }
    command.configureOutput({ writeOut }).outputHelp()
    return help
  }

  test.each(commands)(
    'of $name has an example of it that its options allow',
    ({ name, command }) => {
      const examples = EXAMPLES.get(name) ?? []
      expect(examples.length).toBeGreaterThan(0)
      for (const [line] of examples) {
        expect(helpOf(command)).toContain(`$ ${line}`)
        expect(line).toContain(`ottla ${name}`)
        const own = [...command.options, ...program.options]
        const known = own.flatMap(({ long, short }) => [long, short])
        const used = line.match(/(?<= )--?[a-zA-Z][a-z-]*/g) ?? []
        expect(used.filter(option => !known.includes(option))).toEqual([])
      }
    },
  )

  test('of a group of commands has an example of each', () => {
    for (const group of program.commands.filter(one => one.commands.length > 0)) {
      for (const inner of group.commands) {
        expect(helpOf(group)).toContain(`$ ottla ${group.name()} ${inner.name()}`)
      }
    }
  })

  test('of ottla tells the exit codes, and of start the settings and their order', () => {
    for (const code of Object.values(ExitCode)) expect(helpOf(program)).toMatch(`${code} `)
    const start = commands.find(({ name }) => name === 'start')!
    for (const told of ['log.dirs', 'listeners', 'LOG_LEVEL', 'KAFKA_LOG_DIRS', 'SIGHUP']) {
      expect(helpOf(start.command)).toContain(told)
    }
  })
})
