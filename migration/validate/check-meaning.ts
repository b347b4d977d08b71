import type { BlockSample } from './blocks.js';
import type { Findings } from './findings.js';
import { mixOfModels } from './model-mix.js';
import { matchTexts, type PartMatch } from './text-match.js';

/** Whether vectors belong to their records, and to one model: by neighbours and words, without a model. */
export function checkMeaning(name: string, sample: BlockSample, findings: Findings): void {
  const blocks = sample.blocks();
  const match = matchTexts(blocks);
  if (match.state === 'not-checked')
    findings.notChecked(match.reason, 'vectors-shifted', 'text-vector-unrelated');
  else {
    const { all, parts } = match;
    const shifted = all.verdict === 'shifted' ? [all] : parts.filter(({ verdict }) => verdict === 'shifted');
    for (const part of shifted)
      findings.add('vectors-shifted', name, concerned(part), `${rows(part)}: ${shiftWords(part)}`);
    const unrelated = all.verdict === 'unrelated' ? [all] : parts.filter(isUnrelated);
    // What a shift explains needs no second finding.
    if (shifted.length === 0 || all.verdict === 'related')
      for (const part of unrelated)
        findings.add('text-vector-unrelated', name, concerned(part), `${rows(part)}: ${likeness(part)}`);
  }
  const mix = mixOfModels(blocks);
  if (mix.state === 'not-checked') findings.notChecked(mix.reason, 'models-mixed');
  if (mix.state !== 'several') return;
  const words =
    mix.crossing === null
      ? 'the records say nothing in words that could tell whether two topics are the cause'
      : `pairs that share most words lie in different groups in ${percent(mix.crossing)} of cases`;
  const what = `two groups of vectors (${percent(mix.share)} and ${percent(1 - mix.share)}) that are never each other’s neighbours (${percent(mix.conductance)} of neighbours cross); ${words}`;
  const [smaller] = mix.examples;
  findings.add('models-mixed', name, { count: 0, examples: [...smaller] }, what, true);
}

function isUnrelated({ verdict }: PartMatch): boolean {
  return verdict === 'unrelated';
}

function concerned({ from, to, examples }: PartMatch) {
  return { count: to - from + 1, examples: [...examples] };
}

function rows({ from, to }: PartMatch): string {
  return `rows ${from} to ${to}`;
}

function shiftWords({ shift }: PartMatch): string {
  const far = Math.abs(shift) === 1 ? '1 row' : `${Math.abs(shift)} rows`;
  return `each record has the vector of the record ${far} ${shift > 0 ? 'behind' : 'before'} it`;
}

function likeness(part: PartMatch): string {
  return `neighbours’ texts are ${part.likeness.toFixed(3)} alike, those of random pairs ${part.random.toFixed(3)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.01 ? 2 : 0)}%`;
}
