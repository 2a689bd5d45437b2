"""What a check is, how it tries an answer, what is kept, and a file of checks per chapter.

A check is in `check`, `letters`, `nets`, `prediction` and `challenge`; `attempt`, with its
`limits`, and `values` try and compare answers; `progress` keeps what is solved.

00: start, 01: imagenet, 02: alexnet, 03: looking_inside, 04: vgg, 05: inception, 06: resnet,
07: pretrained, 08: practice, 09: museum.
"""
