import { type Met, met } from '../probe/examples.js';
import { type FieldProfile, typesTogether } from '../probe/field-profile.js';
import type { Profile } from '../probe/profile.js';
import { PROFILED_PARTS } from '../probe/profile.js';
import { type Damage, NAIVE } from '../probe/text-forms.js';
import type { TextProfile } from '../probe/text-profile.js';
import type { CheckName } from './catalogue.js';
import type { Findings } from './findings.js';

/** Metadata and texts: what a profile shows of them. Pure. */
export function checkFields(profile: Profile, findings: Findings): void {
  for (const field of profile.fields) {
    checkTypes(field, findings);
    checkTimes(field, findings);
    checkNumbers(field, findings);
    if (field.nulls > 0 && field.missing > 0) {
      const what = `null in ${field.nulls} points, missing in ${field.missing}`;
      findings.add(
        'null-and-missing',
        field.name,
        { count: field.nulls, examples: [...field.nullExamples] },
        what,
      );
    }
    checkTexts(field.name, field.texts, findings);
  }
  for (const part of PROFILED_PARTS) checkTexts(part, profile.parts[part], findings);
  checkTexts('id', profile.ids.texts, findings);
}

/** The rarer types are what drifted. */
function checkTypes(field: FieldProfile, findings: Findings): void {
  const { name, types } = field;
  const mixed = types['mixed[]'];
  const together = typesTogether(field).filter((type) => type !== 'mixed[]');
  const sorted = together.sort((a, b) => types[b]!.count - types[a]!.count);
  const [usual, ...rare] = sorted;
  if (rare.length > 0) {
    const of = (type: string) => `${types[type]!.count} ${type}`;
    const what = `${of(usual!)}, ${rare.map((type) => `${of(type)} (id ${types[type]!.examples[0]})`).join(', ')}`;
    findings.add('type-drift', name, joined(rare.map((type) => types[type]!)), what);
  }
  if (mixed !== undefined)
    findings.add('type-drift', name, mixed, `${mixed.count} arrays hold values of several types`);
}

function joined(all: readonly Met[]): Met {
  const count = all.reduce((sum, each) => sum + each.count, 0);
  return { count, examples: all.flatMap(({ examples }) => examples.slice(0, 2)).slice(0, 5) };
}

function checkTimes({ name, texts }: FieldProfile, findings: Findings): void {
  const forms = Object.entries(texts.times).sort(([, a], [, b]) => b.count - a.count);
  const times = forms.reduce((sum, [, { count }]) => sum + count, 0);
  // A date in a text here and there is no field of times.
  if (times * 2 <= texts.texts) return;
  if (forms.length > 1) {
    const what = forms
      .map(([form, { count, examples }]) => `${count} ${form} (id ${examples[0]})`)
      .join(', ');
    findings.add('dates-mixed', name, joined(forms.slice(1).map(([, each]) => each)), what);
  }
  const naive = texts.times[NAIVE] ?? met();
  findings.add('time-naive', name, naive, `${naive.count} times say no zone`);
}

function checkNumbers({ name, types, texts, beyondDoubles }: FieldProfile, findings: Findings): void {
  findings.add(
    'integer-beyond-doubles',
    name,
    beyondDoubles,
    `${beyondDoubles.count} integers are outside of ±(2^53 - 1)`,
  );
  const numbers = (types['integer']?.count ?? 0) + (types['float']?.count ?? 0);
  const { numeric } = texts;
  if (numbers > 0)
    findings.add(
      'number-as-text',
      name,
      numeric,
      `${numeric.count} texts are numbers, beside ${numbers} numbers`,
    );
  else if (texts.texts >= 20 && numeric.count === texts.texts)
    findings.add('number-as-text', name, numeric, `all ${numeric.count} texts are numbers`);
}

const DAMAGE_CHECKS: Readonly<Record<Damage, CheckName>> = {
  'unpaired-surrogate': 'text-broken',
  'replacement-character': 'text-replaced',
  mojibake: 'text-mojibake',
  nul: 'text-nul',
};

function checkTexts(of: string, texts: TextProfile, findings: Findings): void {
  for (const [damage, found] of Object.entries(texts.damaged))
    findings.add(DAMAGE_CHECKS[damage as Damage], of, found, `${found.count} texts`);
  const { composed, decomposed } = texts;
  if (composed.count > 0 && decomposed.count > 0) {
    const rarer = composed.count < decomposed.count ? composed : decomposed;
    const what = `${composed.count} texts with composed letters, ${decomposed.count} with decomposed ones`;
    findings.add('normal-forms-mixed', of, rarer, what);
  }
}
