"""The words of a remark that are known to change nothing in how a claim may be tested.

Taken from remarks of published model cards. A word stands here only if no way is known in which it turns a sentence of
the others into another measure: so there are no *questions*, which may be counted, no *best*, which may be chosen among
several answers, no *maximum*, no *new* and no *our*, which may be those of another data set, no *excluded*, and no
number in words. Where such a word is harmless in a phrase alone, the phrase is in :mod:`steelyard.tasks.remarks`.
"""

from __future__ import annotations

from typing import Final

__all__ = ["FAMILIES", "MEASURING", "OF_REPORTS", "OF_TYPE", "SUFFIXES", "TOPICS", "WORDS"]


def _words(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in text.split())


_FUNCTION: Final = (
    "a an the this that these those it its they their them there here which who where when while whose as is are was "
    "were be been being has have had having do does did and or of in on at by for from to with into within over "
    "across between under above below per via also again all each every both such same we us you i please see e g i.e "
    "eg ie etc"
)
# Where a number comes from, and when it was read.
_PROVENANCE: Final = (
    "model models card cards table tables row rows column columns line lines figure figures fig page pages section "
    "report reports reported reporting paper papers blog post posts article announcement announced release released "
    "releases readme repository repo website site link links url source sources sourced citation citations quote "
    "quoted copy copied taken pasted read printed print published publication publish launch official officially tech "
    "technical hub github arxiv preprint licence license refer check checked looked viewed accessed found stands "
    "original originally author authors vendor company team date dated today yesterday series available publicly "
    "directly respective corresponding details detail detailed note noted notes footnote footnotes remark pdf html "
    "csv markdown sheet claim claims claimed customer said says say states stated stating described mentioned listed "
    "shown show shows star asterisk dagger indicates indicate denotes denote denoted presents presented cell format "
    "marked ours beside served launched later ranked sota"
)
_DATES: Final = (
    "january february march april june july august september october november december jan feb mar apr jun jul aug "
    "sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday"
)
_UNITS: Final = (
    "percent percentage percentages point points score scores accuracy accuracies acc value values number numbers "
    "decimal decimals rounded rounding unit units fraction share range ci confidence interval standard error stderr "
    "deviation std margin margins"
)
# How it was measured, where that is how it is asked here, or where the test takes it into account.
_MEASURED: Final = (
    "evaluated evaluation evaluations evaluate evaluating eval evals measured measurement measurements measure tested "
    "testing tests test benchmark benchmarks benchmarked benchmarking result results performance metric metrics "
    "conducted performed obtained achieved achieves achieve collected computed average averaged averages averaging "
    "avg mean means generation time independent independently estimate estimates estimated estimating estimation "
    "reduce reduces reducing uncertainty variance noise stability stable ensure robust final varying variable derive "
    "default defaults setting settings setup condition conditions following follow followed follows zero shot config "
    "configs configuration configurations precision weights quantised quantized unquantised unquantized inference "
    "greedy decoding sampling sampled sampler temperature temperatures temp parameter parameters hyperparameter "
    "hyperparameters output outputs length lengths token tokens use uses used using employ employed adopt adopted "
    "specific apply applied require requires requiring recommend recommended recommends specified specifically "
    "including include includes included due cost costs expensive prohibitively bf16 fp16 fp8 fp32 bfloat16 float16 "
    "overall relative previous comparison compared compare fair extensive extensively comprehensive summary "
    "summarized differ differs difference differences slight slightly numerical reproduced reproduce vllm sglang "
    "transformers gpu gpus aime hmmt tau2 endpoint api deployment deployed hardware run pass"
)
WORDS: Final = _words(_FUNCTION, _PROVENANCE, _DATES, _UNITS, _MEASURED)

# What heads a part of a table, or stands in a column of kinds: the field that a benchmark is of.
TOPICS: Final = _words(
    "general english language languages natural math maths mathematics mathematical arithmetic reasoning logic "
    "logical commonsense common sense code coding programming software engineering knowledge world science sciences "
    "scientific stem humanities social other others question answering qa reading comprehension understanding "
    "completion fixing instruction following alignment aligned preference preferences conversation conversational "
    "chat dialogue safety factuality factual truthfulness hallucination long short context text texts vision visual "
    "image images video multimodal multi modal chart charts document documents ocr diagram academic core popular "
    "aggregate competition complex task tasks domain domains category categories capability capabilities ability "
    "abilities steerability graduate professional exam exams examination function calling call medical legal finance "
    "law creative writing open ended dense moe mixture architecture type types typical foundation foundational "
    "advanced basic broad culture cultural size total activated active training weight proprietary closed pretrained "
    "trained pre post tuned instruct base large larger smaller than b ifeval misc miscellaneous re rewriting "
    "summarization summarisation"
)
# With *bold* or *underlined* in the clause: a table's typography.
OF_TYPE: Final = _words(
    "bold bolded boldface underline underlined italic italics italicised italicized highlight highlighted highlights "
    "shaded grey gray green colour color coloured colored best highest top second third place global state art marks "
    "mark leading leader open source closed among gap level"
)
# With one of these a clause says where a number was read, or whose it is, and may name models.
OF_REPORTS: Final = _words(
    "card cards report reports reported reporting paper papers blog post article announcement release readme "
    "repository website site page published publication table figure evaluated evaluation evaluate results result "
    "reproduced compared comparison released weights"
)
# Families of models and who makes them, and what stands behind such a name.
FAMILIES: Final = _words(
    "meta llama google deepmind gemma gemini openai gpt oss chatgpt anthropic claude mistral mixtral ministral "
    "magistral codestral devstral deepseek qwen qwq qvq alibaba tongyi microsoft phi nvidia nemotron cohere command "
    "aya xai grok moonshot moonshotai kimi zhipu zai glm chatglm baichuan internlm shanghai minimax bytedance seed "
    "doubao tencent hunyuan baidu ernie ibm granite apple amazon nova allenai olmo tulu huggingface smollm tiiuae "
    "falcon stability stablelm databricks dbrx snowflake arctic ai21 jamba liquid lfm xiaomi mimo inclusionai skywork "
    "openbmb minicpm exaone upstage solar reka tinyllama dclm"
)
SUFFIXES: Final = _words(
    "maverick scout behemoth opus sonnet haiku nemo coder text turbo flash pro mini nano small large plus ultra lite "
    "instruct base chat it vl omni preview experimental ai lab labs laboratory technology intelligent oss"
)
# A sentence near a table that has one of these speaks of how numbers were measured.
MEASURING: Final = _words(
    "evaluate evaluated evaluating measure measured tested averaged sampled sampling scored graded judged computed "
    "calculated obtained prompt prompts prompted prompting generate generated generations decoding decoded "
    "temperature repetitions runs setting settings setup config configs configuration configurations shot shots "
    "harness framework toolkit template templates attempt attempts trial trials seed seeds judge grader extracted "
    "extraction reproduced ran running numbers scores values rows entries metrics score"
)
