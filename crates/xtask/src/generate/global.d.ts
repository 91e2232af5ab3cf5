/** What `Candor.open()` may be given to start from. */
export interface Prefill {
  kind?: Kind;
  message?: string;
  name?: string;
  email?: string;
  rating?: number;
  custom?: Record<string, string>;
}

/** A submission without the panel: the page has asked the visitor itself. */
export interface Headless {
  kind: Kind;
  message?: string;
  rating?: number;
  custom?: Record<string, string>;
  contact?: Contact;
  /** What the visitor agreed to. */
  purposes: Purpose[];
  /** The page's own id of its record of that. */
  evidence?: string;
  /** Pictures and attachments. They follow the text one by one: one that does not arrive costs no word. */
  files?: (Blob | File)[];
}

/** What became of a file of {@link Headless}: stored until then, or why not. */
export interface FileOutcome {
  name: string;
  purpose: Purpose;
  until?: Timestamp;
  code?: string;
}

/** What {@link CandorApi.picture} may be told. */
export interface PictureOptions {
  /** CSS selectors of what is to be masked, beside what the tag and the page say. */
  mask?: string;
  /** A picture to be drawn on, in the place of one of the page. */
  picture?: Blob;
}

/** What {@link CandorApi.submit} and {@link CandorApi.me} reject with: a {@link Code}, or that the collector cannot be reached. */
export interface CandorError extends Error {
  code: Code | "unreachable";
}

/** The events of {@link CandorApi.on}. */
export type CandorEvent = "ready" | "open" | "close" | "submit" | "error" | "dismiss" | "consent";

/** The global `Candor`. It is there as soon as the tag has run; every method waits for what it needs. */
export interface CandorApi {
  open(prefill?: Prefill): Promise<void>;
  close(): Promise<void>;
  show(): Promise<void>;
  hide(): Promise<void>;
  identify(who: Contact): Promise<void>;
  set(custom: Record<string, string>): Promise<void>;
  /** The promise is kept once the text is stored and every file has arrived or has not. */
  submit(submission: Headless): Promise<Receipt & { files?: FileOutcome[] }>;
  /**
   * Opens the picture tool over the page: a picture of it, masked, to be drawn on. The promise is kept with the file
   * that the visitor attaches (PNG, WebP or JPEG, 4 MiB at most), with `null` where they back out, and broken where
   * the tool cannot be fetched. Nothing is sent.
   */
  picture(options?: PictureOptions): Promise<Blob | null>;
  /** Calls back at every such event; returns the function that ends it. */
  on(event: CandorEvent, act: (detail?: unknown) => void): () => void;
  consent: {
    status(): Promise<Consent | null>;
    grant(purposes: Purpose[]): Promise<void>;
    /** Forgets it in this browser; of what was sent, `me.withdraw` takes it back. */
    withdraw(purposes?: Purpose[]): Promise<void>;
  };
  /** A visitor's rights over what this browser sent; they take effect on the collector. Without anything sent, all but
   * `see` reject with `not-found`. */
  me: {
    /** All that is kept. */
    see(): Promise<Mine>;
    /** The same with all files, as a ZIP. */
    export(): Promise<Blob>;
    /** Puts words or contact right; what is not named stays. */
    correct(report: Uuid, fields: Correction): Promise<RightsAnswer>;
    /** The receipt of a report, as far as it still holds, signed. */
    receipt(report: Uuid): Promise<Receipt>;
    /** Erases one report; all of them where none is named. */
    erase(report?: Uuid): Promise<RightsAnswer>;
    /** Takes consent back, for all purposes where none is named: what is kept for them is erased, and this browser
     * forgets what was agreed to. */
    withdraw(purposes?: Purpose[]): Promise<RightsAnswer>;
    /** Has a report kept and not used, or, with `false`, used again. */
    restrict(report: Uuid, restricted?: boolean): Promise<RightsAnswer>;
    /** Objects to purposes, to all where none is named. */
    object(purposes?: Purpose[]): Promise<RightsAnswer>;
  };
  ledger: {
    /** Key and value of everything the widget keeps in this browser. */
    list(): Promise<[string, string][]>;
    clear(): Promise<void>;
  };
  /** Leaves no node, listener, global or storage key behind. */
  destroy(): Promise<void>;
}

declare global {
  const Candor: CandorApi;
}
