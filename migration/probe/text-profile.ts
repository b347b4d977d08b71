import { type Met, meet, met } from './examples.js';
import { type Damage, damages, isNumeric, normalForms, type TimeForm, timeForm } from './text-forms.js';

/** What the texts of a field, or of a part of the points, are like. */
export interface TextProfile {
  texts: number;
  /** In bytes of UTF-8. */
  longest: { bytes: number; id: string | null };
  /** Texts longer than a limit, where one was given. */
  tooLong: Met;
  times: Partial<Record<TimeForm, Met>>;
  numeric: Met;
  damaged: Partial<Record<Damage, Met>>;
  /** Texts with signs that Unicode can write in two ways. */
  composed: Met;
  decomposed: Met;
}

export function textProfile(): TextProfile {
  return {
    texts: 0,
    longest: { bytes: -1, id: null },
    tooLong: met(),
    times: {},
    numeric: met(),
    damaged: {},
    composed: met(),
    decomposed: met(),
  };
}

export function addText(
  profile: TextProfile,
  id: string,
  text: string,
  limit = Number.POSITIVE_INFINITY,
): void {
  profile.texts++;
  if (text.length * 3 > profile.longest.bytes) {
    const bytes = Buffer.byteLength(text, 'utf8');
    if (bytes > profile.longest.bytes) profile.longest = { bytes, id };
  }
  if (text.length * 3 > limit && Buffer.byteLength(text, 'utf8') > limit) meet(profile.tooLong, id);
  const form = timeForm(text);
  if (form !== undefined) {
    profile.times[form] ??= met();
    meet(profile.times[form], id);
  }
  if (isNumeric(text)) meet(profile.numeric, id);
  for (const damage of damages(text)) {
    profile.damaged[damage] ??= met();
    meet(profile.damaged[damage], id);
  }
  const { composed, decomposed } = normalForms(text);
  if (composed) meet(profile.composed, id);
  if (decomposed) meet(profile.decomposed, id);
}
