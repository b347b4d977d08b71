type Listener = (message: string) => void;
let listener: Listener | undefined;

/** Who takes what people should know and no caller has asked for: the terminal of a command. */
export function onUnaskedNotice(take: Listener): void {
  listener = take;
}

/** Tells something that must not be missed, whoever called: a credential that travels without encryption. */
export function tellNotice(message: string): void {
  listener?.(message);
}
