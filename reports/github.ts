import { oneLine, visible } from '../common/visible.js';
import type { Verdicts } from '../harness/model/verdict.js';
import { baselineSentence, gateSentence, labelOf, lockSentence, markOf } from './gates.js';

/** Annotations as GitHub Actions reads them from the output of a step: one line per gate that did not pass. */
export function renderAnnotations(verdicts: Verdicts): string {
  const lines = verdicts.verdicts.flatMap((verdict) => {
    const mark = markOf(verdict, verdicts.inconclusive);
    if (mark === 'pass') return [];
    const text = `expected ${verdict.expected}, found ${verdict.found}. ${verdict.message}`;
    const title = `gate ${verdict.state}: ${labelOf(verdict)}`;
    return [`::${mark === 'warn' ? 'warning' : 'error'} title=${property(title)}::${data(text)}`];
  });
  if (verdicts.lock.state === 'differs') {
    lines.push(`::warning title=gates differ from the lock::${data(verdicts.lock.changed.join('\n'))}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** Workflow commands escape what would end them. */
const data = (text: string): string =>
  visible(text.replace(/\r\n?/g, '\n')).replaceAll('%', '%25').replaceAll('\n', '%0A');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

const SIGNS = { pass: '✅', warn: '⚠️', fail: '❌', error: '⛔' } as const;

/** Markdown for the summary of a step. */
export function renderStepSummary(verdicts: Verdicts, title: string): string {
  const rows = verdicts.verdicts.map((verdict) => {
    const sign = SIGNS[markOf(verdict, verdicts.inconclusive)];
    const cells = [verdict.expected, verdict.found, verdict.message].map(cell);
    return `| ${[`${sign} ${verdict.state}`, code(labelOf(verdict)), ...cells].join(' | ')} |`;
  });
  const notes = [baselineSentence(verdicts), lockSentence(verdicts)].filter((note) => note !== undefined);
  return [
    `### vecproof: ${cell(title)}`,
    '',
    cell(gateSentence(verdicts)),
    '',
    '| | gate | expected | found | |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    ...notes.map((note) => `${cell(note)}\n`),
  ].join('\n');
}

/** Nothing is markup between backticks, but a bar still ends the cell. */
const code = (text: string): string => `\`${oneLine(text).replaceAll('`', "'").replaceAll('|', '\\|')}\``;

/**
 * Foreign text in Markdown: it neither ends a cell nor becomes markup, HTML, a link, a mention or a formula. What stands in
 * the middle of our own words (`recall@10`, `max_length`, `>=`) reads as it is.
 */
function cell(text: string): string {
  return oneLine(text)
    .replace(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replace(/[\\`*~|[\]$!]/g, '\\$&')
    .replaceAll('<', '&lt;')
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_')
    .replace(/(?<![A-Za-z0-9])[@#](?=[A-Za-z0-9])/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replaceAll('://', ':&#47;&#47;')
    .replace(/\bwww\./gi, (www) => `${www.slice(0, -1)}&#46;`);
}
