import { answersStayWhole } from "./chaos/answers-stay-whole.ts";
import { longerCases } from "./chaos/cases.ts";

answersStayWhole(longerCases);
