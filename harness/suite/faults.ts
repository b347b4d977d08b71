import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { InputError } from '../../common/errors.js';
import { type Fault, faultText, type PlacedFault, placeFault } from '../../common/faults.js';

interface Place {
  line: number;
  col: number;
}

/** All faults of a suite at once, each with file, line and column. Exit code 2. */
export class SuiteError extends InputError {
  readonly faults: readonly PlacedFault[];

  constructor(faults: readonly PlacedFault[]) {
    super(faults.map(faultText).join('\n'));
    this.faults = faults;
  }
}

/** A YAML text with the positions of its nodes. */
export interface Source {
  file: string;
  document: Document.Parsed;
  lines: LineCounter;
}

/** Stands for the file of a suite that was defined in code: lines of it would say nothing to anybody. */
export const IN_CODE = 'defineSuite';

/** Throws SuiteError with the position if the text is not YAML. */
export function parseYaml(text: string, file: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  if (document.errors.length > 0) {
    throw new SuiteError(
      document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        return { where: `${file}:${line}:${col}`, what: yamlFault(error.message) };
      }),
    );
  }
  return { file, document, lines };
}

/** The YAML library has no limit of its own: what is nested some 800 deep overflows its stack, which it tells so. */
function yamlFault(message: string): string {
  if (message.includes('call stack'))
    return 'is nested too deep to be read: a filter may be 64 deep; flatten $and and $or, and take away doubled $not';
  return message.split('\n')[0]!.replace(/ at line.*$/, '');
}

/** All faults as one error, in the order of the file. */
export function suiteError(source: Source, faults: readonly Fault[]): SuiteError {
  const placed = faults.map((fault) => ({ fault, at: position(source, fault) }));
  placed.sort((a, b) => a.at.line - b.at.line || a.at.col - b.at.col);
  return new SuiteError(
    placed.map(({ fault, at: { line, col } }) =>
      placeFault(source.file === IN_CODE ? `${IN_CODE}:` : `${source.file}:${line}:${col}`, fault),
    ),
  );
}

/** Line and column of a node; of its nearest existing ancestor if it is missing. */
function position({ document, lines }: Source, { path, inKey = false, offset }: Fault): Place {
  for (let depth = path.length; depth >= 0; depth--) {
    const found = startOf(document, path.slice(0, depth), inKey && depth === path.length);
    if (found === undefined) continue;
    const place = lines.linePos(found.start);
    if (depth < path.length || offset === undefined) return place;
    return { line: place.line, col: place.col + offset + found.quote };
  }
  return { line: 1, col: 1 };
}

function startOf(
  document: Document.Parsed,
  path: readonly (string | number)[],
  inKey: boolean,
): { start: number; quote: number } | undefined {
  const node = nodeAt(document, path, inKey);
  const start = node?.range?.[0];
  return start === undefined ? undefined : { start, quote: isScalar(node) && isQuoted(node.type) ? 1 : 0 };
}

function isQuoted(type: unknown): boolean {
  return type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE';
}

function nodeAt(
  document: Document.Parsed,
  path: readonly (string | number)[],
  inKey: boolean,
): Node | null | undefined {
  if (path.length === 0) return document.contents;
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
    const value = pair?.value as Node | null | undefined;
    const key = pair?.key as Node | undefined;
    return inKey ? key : (value ?? key);
  }
  return document.getIn(path, true) as Node | undefined;
}
