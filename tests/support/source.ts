/** The project's own sources, as the tests that execute the house rules read them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../..')

const SKIPPED: ReadonlySet<string> = new Set([
  'node_modules',
  'dist',
  'data',
  '.git',
  '.bench',
  'coverage',
])

export interface Source {
  /** From the project's root, with '/'. */
  readonly path: string
  readonly text: string
  readonly lines: readonly string[]
  /** The lines with comments and the contents of strings and regular expressions blanked out. */
  readonly code: readonly string[]
  /** The lines with everything blanked out but comments. */
  readonly comments: readonly string[]
  /** The whole text with only comments blanked out. */
  readonly withoutComments: string
}

/** Paths of all files with this ending, from the root, sorted. */
export function filesWith(ending: string): string[] {
  const paths: string[] = []
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (SKIPPED.has(entry.name)) continue
      const path = join(folder, entry.name)
      if (entry.isDirectory()) walk(path)
      else if (entry.name.endsWith(ending)) paths.push(relative(ROOT, path).replaceAll('\\', '/'))
    }
  }
  walk(ROOT)
  return paths.sort()
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** Every TypeScript file. */
export function readSources(): Source[] {
  return filesWith('.ts').map(path => sourceOf(path, readText(path)))
}

export function sourceOf(path: string, text: string): Source {
  const kinds = kindsOf(text)
  const keep = (isKept: (kind: number) => boolean): string => {
    let kept = ''
    for (let at = 0; at < text.length; at++) {
      const isShown = text[at] === '\n' || isKept(kinds[at] as number)
      kept += isShown ? text[at] : ' '
    }
    return kept
  }
  return {
    path,
    text,
    lines: text.split('\n'),
    code: keep(kind => kind === CODE).split('\n'),
    comments: keep(kind => kind === COMMENT).split('\n'),
    withoutComments: keep(kind => kind !== COMMENT),
  }
}

/** `path:line` for messages; `at` counts from 0. */
export function placeOf(source: Source, at: number): string {
  return `${source.path}:${at + 1}`
}

const CODE = 0
const COMMENT = 1
const TEXT = 2

/** What each character belongs to: code, a comment, or the inside of a string or pattern. */
function kindsOf(text: string): Uint8Array {
  const kinds = new Uint8Array(text.length)
  /** Depths of braces at which a template literal goes on. */
  const templates: number[] = []
  let depth = 0
  let at = 0
  const mark = (end: number, kind: number): void => {
    kinds.fill(kind, at, end)
    at = end
  }
  while (at < text.length) {
    const char = text[at]
    if (char === '/' && text[at + 1] === '/') mark(endOf(text, '\n', at), COMMENT)
    else if (char === '/' && text[at + 1] === '*') mark(endOf(text, '*/', at + 2) + 2, COMMENT)
    else if (char === "'" || char === '"') mark(endOfString(text, at + 1, char), TEXT)
    else if (char === '/' && startsPattern(text, at)) mark(endOfPattern(text, at + 1), TEXT)
    else if (char === '`') mark(endOfTemplate(text, at + 1), TEXT)
    else if (char === '}' && templates.at(-1) === depth) {
      templates.pop()
      mark(endOfTemplate(text, at + 1), TEXT)
    } else {
      if (char === '{') depth++
      if (char === '}') depth--
      at++
      continue
    }
    if (kinds[at - 1] === TEXT && text.startsWith('${', at)) {
      templates.push(depth)
      at += 2
    }
  }
  return kinds
}

function endOf(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from)
  return end < 0 ? text.length : end
}

function endOfString(text: string, from: number, quote: string): number {
  let at = from
  while (at < text.length && text[at] !== quote) at += text[at] === '\\' ? 2 : 1
  return Math.min(text.length, at + 1)
}

/** Behind the closing backquote, or at the '${' that interrupts it. */
function endOfTemplate(text: string, from: number): number {
  let at = from
  while (at < text.length && text[at] !== '`') {
    if (text.startsWith('${', at)) return at
    at += text[at] === '\\' ? 2 : 1
  }
  return Math.min(text.length, at + 1)
}

function endOfPattern(text: string, from: number): number {
  let at = from
  let isInClass = false
  while (at < text.length && (text[at] !== '/' || isInClass)) {
    if (text[at] === '[') isInClass = true
    if (text[at] === ']') isInClass = false
    at += text[at] === '\\' ? 2 : 1
  }
  return Math.min(text.length, at + 1)
}

/** A slash is a pattern's, not a division's, behind an operator, a bracket or a keyword. */
function startsPattern(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 40), at).trimEnd()
  if (before === '' || /[-(,=:[!&|?{};+*%<>~^]$/.test(before)) return true
  return /\b(return|typeof|case|in|of|await|yield)$/.test(before)
}
