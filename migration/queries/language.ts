/**
 * The language of a short text: by its script where that decides it, else by stop words. Cheap and rough, as it only has
 * to show which languages a set of queries lacks: names and codes have none, and related languages are mixed up.
 */

const SCRIPTS: readonly (readonly [RegExp, string])[] = [
  [/\p{Script=Hiragana}|\p{Script=Katakana}/u, 'ja'],
  [/\p{Script=Hangul}/u, 'ko'],
  [/\p{Script=Han}/u, 'zh'],
  [/\p{Script=Arabic}/u, 'ar'],
  [/\p{Script=Hebrew}/u, 'he'],
  [/\p{Script=Greek}/u, 'el'],
  [/\p{Script=Devanagari}/u, 'hi'],
  [/\p{Script=Thai}/u, 'th'],
  [/\p{Script=Cyrillic}/u, 'cyrillic'],
];

const STOP_WORDS: Readonly<Record<string, string>> = {
  en: 'the of and to in is for with how what are my not does on can do a an from which when',
  de: 'der die das und ist nicht ein eine wie für mit von zu auf den im kann ich wird beim was',
  fr: 'le la les des et est un une pour dans que qui comment avec sur du pas je mon mes quel',
  es: 'el los las de que es un una para con por como cómo en mi qué del se cuál al',
  it: 'il lo gli di che è un una per con come nel della dei sono mio perché alla',
  pt: 'o os as de que é um uma para com por como em meu não do da qual ao',
  nl: 'de het een en van is niet hoe voor met op mijn wat zijn naar kan ik bij',
  pl: 'i w na jak nie jest do z się co dla czy od po',
};

const LANGUAGES = Object.entries(STOP_WORDS).map(
  ([language, words]) => [language, new Set(words.split(' '))] as const,
);

/** A code of ISO 639-1, `cyrillic`, or `und`: it cannot be told. */
export function languageOf(text: string): string {
  const script = SCRIPTS.find(([pattern]) => pattern.test(text));
  if (script !== undefined) return script[1];
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  let best = { language: 'und', hits: 0, tied: false };
  for (const [language, known] of LANGUAGES) {
    const hits = words.filter((word) => known.has(word)).length;
    if (hits > best.hits) best = { language, hits, tied: false };
    else if (hits === best.hits) best.tied = true;
  }
  return best.tied || best.hits === 0 ? 'und' : best.language;
}
