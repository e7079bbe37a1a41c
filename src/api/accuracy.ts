/** The answer of `GET ops/accuracy`: of the values that people looked at, how many they corrected. */
export interface Accuracy {
  /** Of values looked at in so many days until now; null for all. */
  days: number | null;
  /** Documents they stand in, or stood in. */
  documents: number;
  /** Of all values that were looked at; null where none was. */
  all: ErrorRate | null;
  /** Each list: what needs attention first, by `least` descending, then by `values`. */
  by_field: ErrorRateOf[];
  /** Names of fields that are not in the list: it has at most 200. */
  more_fields: number;
  by_path: ErrorRateOf[];
  by_plan: ErrorRateOf[];
  by_model: ErrorRateOf[];
  by_answer_form: ErrorRateOf[];
  /** What the figures say and what they do not, in words. */
  note: string;
}

/** The share of values that were corrected, among those that people confirmed or corrected. */
export interface ErrorRate {
  values: number;
  confirmed: number;
  corrected: number;
  /** `corrected` of `values`, 0 to 1. */
  rate: number;
  /** The Wilson interval of 95 % around it. */
  least: number;
  most: number;
}

export interface ErrorRateOf extends ErrorRate {
  /**
   * A field's name, `single-page` or `batch`, `batch 2x3`, a model, `lines` or `objects`; null where it is not
   * known, and for fields of documents that are gone whose names were not kept.
   */
  name: string | null;
}
