import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { derivedPages } from '../scripts/docs.ts'

test.each([...derivedPages()])(
  '%s tells what the sources say (else: npm run docs)',
  (path, text) => {
    expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toBe(text)
  },
)

test('every command of the runbooks is one that docs/cli.md describes', () => {
  const page = (name: string) => readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8')
  const known = page('cli.md')
  const commands = [...page('runbooks.md').matchAll(/`ottla ([a-z]+(?: [a-z]+)?)/g)]
  expect(commands.length).toBeGreaterThan(7)
  const isKnown = (command: string) =>
    known.includes(`## ottla ${command}`) || known.includes(`| \`${command} `)
  expect(commands.map(([, command]) => command!).filter(command => !isKnown(command))).toEqual([])
})
