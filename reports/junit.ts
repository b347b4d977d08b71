import type { Verdict, Verdicts } from '../harness/model/verdict.js';
import { baselineSentence, lockSentence, markOf } from './gates.js';

/**
 * The verdicts as JUnit XML, one test case per gate. What fails the build is a failure, what could not be judged an
 * error; warnings are skipped cases with their reason, since the format has no warning.
 */
export function renderJunit(verdicts: Verdicts, suiteName: string): string {
  const cases = verdicts.verdicts.map((verdict) => ({
    verdict,
    mark: markOf(verdict, verdicts.inconclusive),
  }));
  const count = (wanted: string) => cases.filter(({ mark }) => mark === wanted).length;
  const totals = `tests="${cases.length}" failures="${count('fail')}" errors="${count('error')}"`;
  const notes = [baselineSentence(verdicts), lockSentence(verdicts)].filter((note) => note !== undefined);
  const attributes = `name="${xml(suiteName)}" ${totals} skipped="${count('warn')}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${totals}>`,
    `  <testsuite ${attributes}>`,
    '    <properties>',
    `      <property name="run" value="${xml(verdicts.run)}"/>`,
    '    </properties>',
    ...cases.map(({ verdict, mark }) => caseOf(verdict, mark, suiteName)),
    ...(notes.length === 0 ? [] : [`    <system-out>${xml(notes.join('\n'))}</system-out>`]),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function caseOf(verdict: Verdict, mark: string, suiteName: string): string {
  const open = `    <testcase classname="${xml(classOf(verdict, suiteName))}" name="${xml(verdict.name)}"`;
  const summary = `${verdict.state}: expected ${verdict.expected}, found ${verdict.found}`;
  if (mark === 'pass') return `${open}>\n      <system-out>${xml(summary)}</system-out>\n    </testcase>`;
  const detail = [verdict.message, ...findingLines(verdict)].filter((line) => line !== '').join('\n');
  const tag = mark === 'warn' ? 'skipped' : mark === 'fail' ? 'failure' : 'error';
  const type = tag === 'skipped' ? '' : ' type="gate"';
  return `${open}>\n      <${tag} message="${xml(summary)}"${type}>${xml(detail)}</${tag}>\n    </testcase>`;
}

/** CI groups by class: the gates of each dataset stay together. */
function classOf({ dataset }: Verdict, suiteName: string): string {
  return dataset === undefined ? `${suiteName}.gates` : `${suiteName}.${dataset}.gates`;
}

function findingLines({ findings }: Verdict): string[] {
  return findings
    .filter(({ state }) => state !== 'pass')
    .map(
      ({ setting, group, state, message }) =>
        `${state}: ${setting}${group === 'all' ? '' : `, group ${group}`}${message === '' ? '' : `: ${message}`}`,
    );
}

/** Text for XML 1.0, which has no way at all to write most control characters. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
